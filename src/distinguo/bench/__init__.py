"""Measuring methods: simulated worlds that price selectors."""

"""distinguo: better programs from any language model by spending compute at test time."""

"""A report as one HTML page that needs nothing beside it: no script, no style sheet, no picture from elsewhere."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from distinguo.bench import report_layout
from distinguo.errors import InputError

if TYPE_CHECKING:
    from distinguo.bench.report import Report, Section


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("distinguo.bench", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return environment.get_template("report.html.j2")


def page(report: "Report", *, per_problem: bool = False) -> str:
    """The page. Without matplotlib it says so in place of the plots."""
    sections, beside = [], list(report.warnings)
    for section in report.sections:
        figures, missing = _figures(section)
        beside += [missing] if missing and missing not in beside else []
        listed = report_layout.problems(section) if per_problem else None
        tables = report_layout.summary(section), report_layout.details(section)
        sections.append((report_layout.heading(section), *tables, figures, listed))
    title = " and ".join(section.gathered.dataset for section in report.sections)
    return _template().render(title=title, sections=sections, warnings=beside)


def _figures(section: "Section") -> tuple[Mapping[str, str], str]:
    """Drawings by their titles, and why there are none, or ""."""
    try:
        from distinguo.bench.plots import svg_figures

        drawn = svg_figures(section.gathered.runs)
    except (InputError, ImportError) as error:
        return {}, f"without plots: {error}"
    return {title: svg[max(0, svg.find("<svg")) :] for title, svg in drawn.items()}, ""

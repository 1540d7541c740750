import io
from typing import TYPE_CHECKING

from ml.data.splits import split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle import plots
from ml.lifecycle.search.halving import Trial
from ml.models.neighbourhood.ease import Ease
from ml.models.popularity import Popularity
from tests.support.logs import grouped_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _legend(figure: "Figure") -> list[str]:
    legend = figure.axes[0].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_figures_show_each_model_and_can_be_written() -> None:
    parts = split(grouped_log(), "random", seed=0)
    task = discovery(parts.training, parts.test)
    models = {model.name: model.fit(parts.training, 0) for model in (Popularity(), Ease(5.0))}
    evaluations = {name: evaluate_scorer(model, task) for name, model in models.items()}
    trials = [Trial("lightfm", {"rate": 0.05}, 0.2, ((3, 0.1), (6, 0.2))), Trial("ease", {}, 0.1)]
    figures = {
        "epochs": plots.metric_by_epoch(trials),
        "slices": plots.metric_by_slice(parts.training, evaluations),
        "scores": plots.score_distributions(parts.training, parts.test, models["ease"]),
        "bias": plots.popularity_bias(parts.training, evaluations),
    }
    assert _legend(figures["epochs"]) == ["rate 0.05"]
    assert _legend(figures["slices"]) == ["popularity", "ease"]
    assert _legend(figures["scores"]) == ["others", "heard before", "played next"]
    assert _legend(figures["bias"]) == ["played", "popularity", "ease"]
    for figure in figures.values():
        written = io.BytesIO()
        figure.savefig(written, format="png")
        assert written.getvalue().startswith(b"\x89PNG")


def test_a_figure_of_nothing_is_empty() -> None:
    assert not plots.metric_by_epoch([]).axes[0].lines

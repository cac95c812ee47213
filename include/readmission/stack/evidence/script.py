"""The script of the demonstration: architecture, processing, page, metrics, in at most ten minutes.

`docs/EVIDENCIAS.md` holds it as a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readmission.stack.evidence.views import View

LONGEST = 600
"""Seconds that the demonstration may take."""
PARTS: Sequence[tuple[str, int, str, str]] = (
    ("Airflow: the DAGs", 30,
     "Architecture: four DAGs, each started by the data of the previous one.",
     "Arquitectura: cuatro DAGs; los datos de cada uno arrancan el siguiente."),
    ("Airflow: the graph of an asset", 30,
     "RAW, CLEAN, the models and the model in production are assets, partitioned by batch.",
     "RAW, CLEAN, los modelos y el modelo en producción son assets, con una partición por lote."),
    ("Airflow: the runs of the training", 30,
     "Processing: every batch of 15000 encounters has one run of each DAG.",
     "Procesamiento: cada lote de 15000 encuentros tiene una ejecución de cada DAG."),
    ("Airflow: a run", 30,
     "A run of the training: the gate on the data, three families side by side, the registration.",
     "Una ejecución del entrenamiento: el control de los datos, tres familias y el registro."),
    ("Airflow: a task's log", 20,
     "The log of a task: one JSON line per event, without patients' data.",
     "El log de una tarea: una línea JSON por evento, sin datos de pacientes."),
    ("MLflow: the runs of the experiment", 40,
     "MLflow has one experiment, with three runs for each batch.",
     "MLflow tiene un experimento, con tres runs por lote."),
    ("MLflow: a run's artifacts in the bucket, with a plot", 30,
     "Plots and the explanation of the model that is in production.",
     "Los gráficos y la explicación del modelo que está en producción."),
    ("MLflow: the registry, with the stages of the versions", 30,
     "The registry: one version has the stage and the alias production. Promotion moves both.",
     "El registro: una versión tiene el stage y el alias de producción. La promoción los mueve."),
    ("The clinicians' page: a prediction, with the version of the model", 60,
     "The page: a prediction with its reasons and the version of the model that made it.",
     "La página: una predicción con sus motivos y la versión del modelo que la hizo."),
    ("Prometheus: the targets", 20,
     "Metrics: Prometheus scrapes the API, Airflow, the pipeline and itself.",
     "Métricas: Prometheus recolecta la API, Airflow, el pipeline y a sí mismo."),
    ("Prometheus: the rules", 30,
     "Every alert has a runbook, which Prometheus serves itself.",
     "Cada alerta tiene un runbook, que sirve el propio Prometheus."),
    ("Grafana: home", 20,
     "Grafana's first page links to every other page.",
     "La primera página de Grafana enlaza todas las demás."),
    ("Grafana: predictions", 40,
     "Requests, latency, errors, and the version that is loaded.",
     "Peticiones, latencia, errores y la versión cargada."),
    ("Grafana: quality", 40,
     "Gates, quarantine, drift, and the quality of each version.",
     "Controles, cuarentena, deriva y la calidad de cada versión."),
)  # fmt: skip
"""Each scene: the English title of the view, its seconds, and the captions."""


@dataclass(frozen=True)
class Scene:
    """A part of the video.

    Parameters
    ----------
    view : View
        The page.
    seconds : int
        How long it is shown.
    captions : mapping of str to str
        The text below it, by language.
    """

    view: View
    seconds: int
    captions: Mapping[str, str]


def scenes(views: Sequence[View]) -> list[Scene]:
    """Return the scenes whose pages the deployment has."""
    known = {view.titles["en"]: view for view in views}
    return [
        Scene(known[title], seconds, {"en": english, "es": spanish})
        for title, seconds, english, spanish in PARTS
        if title in known
    ]


def missing(views: Sequence[View]) -> list[str]:
    """Return the titles of the scenes whose pages the deployment does not have."""
    known = {view.titles["en"] for view in views}
    return [title for title, *_ in PARTS if title not in known]

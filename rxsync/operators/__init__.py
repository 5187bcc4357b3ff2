"""The stages of the line, one a file, in Pulp's words.

Floor 3, operators. Each takes functions that touch the world, so that it runs over diagrams and over SQLite alike.
"""

from rxsync.operators.associate_content import associate_content
from rxsync.operators.await_needs import await_needs
from rxsync.operators.catalog_stage import CatalogStage
from rxsync.operators.closure import closure
from rxsync.operators.download_artifacts import download_artifacts
from rxsync.operators.for_new_content import for_new_content
from rxsync.operators.learn_keys import learn_keys
from rxsync.operators.max_size import max_size
from rxsync.operators.newest import NewestBy, Rank, newest
from rxsync.operators.older_than import Published, older_than
from rxsync.operators.plan_content import plan_content
from rxsync.operators.ported_stage import PortedStage, as_source, as_stage
from rxsync.operators.prioritize import prioritize
from rxsync.operators.query_existing_artifacts import query_existing_artifacts
from rxsync.operators.query_existing_content import query_existing_content
from rxsync.operators.refuse_clashes import refuse_clashes
from rxsync.operators.resolve_content import resolve_content
from rxsync.operators.save_artifacts import save_artifacts
from rxsync.operators.save_content import save_content
from rxsync.operators.save_remote_artifacts import save_remote_artifacts
from rxsync.operators.select_paths import exclude, include
from rxsync.operators.stage import PlacedStage, Stage
from rxsync.operators.validate import validate

__all__ = [
    "CatalogStage",
    "NewestBy",
    "PlacedStage",
    "PortedStage",
    "Published",
    "Rank",
    "Stage",
    "as_source",
    "as_stage",
    "associate_content",
    "await_needs",
    "closure",
    "download_artifacts",
    "exclude",
    "for_new_content",
    "include",
    "learn_keys",
    "max_size",
    "newest",
    "older_than",
    "plan_content",
    "prioritize",
    "query_existing_artifacts",
    "query_existing_content",
    "refuse_clashes",
    "resolve_content",
    "save_artifacts",
    "save_content",
    "save_remote_artifacts",
    "validate",
]

"""What an endpoint answers, as the paths and schemas of an OpenAPI 3.1 description."""

from harness.endpoint.description.operations import OPERATIONS, Operation
from harness.endpoint.description.paths import provider_paths, provider_schemas
from harness.endpoint.description.shape_schemas import Schema, schema_of

__all__ = [
    "OPERATIONS",
    "Operation",
    "Schema",
    "provider_paths",
    "provider_schemas",
    "schema_of",
]

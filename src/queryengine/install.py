"""What a service switches on for its whole application: better OpenAPI, problem details. Knows FastAPI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.openapi.utils import validation_error_definition, validation_error_response_definition
from fastapi.responses import JSONResponse

from queryengine.errors import FilterError
from queryengine.http_errors import FilterAccessDenied, FilterValidationError, context, message, safe_path
from queryengine.openapi import Written, add_components, written_components
from queryengine.routes import Endpoint, Use, applications, endpoints
from queryengine.schema_parts import PREFIX

__all__ = ["install_problem_handler", "install_queryengine"]

Document: TypeAlias = dict[str, Any]  # Any: FastAPI's own type of an OpenAPI document
Rewrite: TypeAlias = Callable[[FastAPI, Document], None]
PROBLEM = "application/problem+json"
PROBLEM_SCHEMA: Document = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details of RFC 9457.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "parameter": {"type": "string"},
                    "line": {"type": "integer"},
                    "column": {"type": "integer"},
                    "span": {"type": "array", "items": {"type": "integer"}},
                    "expected": {"type": "array", "items": {"type": "string"}},
                    "nearest": {"type": "string"},
                    "hint": {"type": "string"},
                },
            },
        },
    },
}


class _OpenAPI:
    """Stands in for `app.openapi`: rewrites the document that it makes, once for each new document."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._make = app.openapi
        self._rewritten: Document | None = None
        self.rewrites: list[Rewrite] = []

    def __call__(self) -> Document:
        """Return the document. FastAPI keeps it, and makes a new one when routes have come."""
        document = self._make()
        if document is not self._rewritten:
            for rewrite in self.rewrites:
                rewrite(self._app, document)
            self._rewritten = document
        return document


def install_queryengine(app: FastAPI) -> None:
    """Make the OpenAPI document of an application say of each filter that it is JSON, and of which schema.

    The parameter becomes `content: {application/json: ...}`, so that generated clients have types for filters
    and Swagger UI shows examples that work; a filter in the body gets its `requestBody`, and a route with a
    scope its answer 403. Aggregates are described as filters are. Routers and routes may come later;
    applications must have been mounted.
    Calling it again changes nothing.

    >>> app = FastAPI()
    >>> install_queryengine(app)
    >>> app.openapi()["paths"]
    {}
    """
    for part in applications(app):
        _add_rewrite(part, _describe_filters)


def install_problem_handler(app: FastAPI, *, type_uri: str = "about:blank") -> None:
    """Answer refused filters as RFC 9457 problem details, `application/problem+json`.

    All other validation errors keep FastAPI's shape, or that of the service's own handlers. `type_uri` names
    the type of problem; its title is that of the status unless a URI of your own says otherwise.

    >>> app = FastAPI()
    >>> install_problem_handler(app)
    """

    def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FilterValidationError)
        return _problem(422, "Unprocessable Content", type_uri, error.error, error.location)

    def denied(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FilterAccessDenied)
        return _problem(403, "Forbidden", type_uri, error.error, ())

    for part in applications(app):
        part.add_exception_handler(FilterValidationError, invalid)
        part.add_exception_handler(FilterAccessDenied, denied)
        _add_rewrite(part, _describe_problems)


def _problem(
    status: int, title: str, type_uri: str, error: FilterError, location: tuple[str, ...]
) -> JSONResponse:
    place: Document = {"code": error.code.value, "detail": message(error)}
    if location:
        place["pointer"] = "#" + "".join(f"/{_escaped(key)}" for key in safe_path(error))
    if location[:1] == ("query",):
        place["parameter"] = location[1]
    content = {
        "type": type_uri,
        "title": title,
        "status": status,
        "detail": message(error),
        "errors": [place | context(error)],
    }
    return JSONResponse(content, status_code=status, media_type=PROBLEM)


def _escaped(key: str | int) -> str:
    """A reference token of RFC 6901."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _add_rewrite(app: FastAPI, rewrite: Rewrite) -> None:
    openapi: object = app.openapi
    if not isinstance(openapi, _OpenAPI):
        openapi = _OpenAPI(app)
        setattr(app, "openapi", openapi)  # noqa: B010  # as FastAPI documents it; mypy wants no assignment
        app.openapi_schema = None
    if rewrite not in openapi.rewrites:
        openapi.rewrites.append(rewrite)


def _describe_filters(app: FastAPI, document: Document) -> None:
    operations = _operations(app, document)
    if not operations:
        return
    components: Document = document.setdefault("components", {}).setdefault("schemas", {})
    written: dict[str, str] = {}
    bodies: list[tuple[Use, Document]] = []
    for endpoint, operation in operations:
        for use in endpoint.uses:
            if use.dependency.config.source == "body":
                bodies.append((use, operation))
            else:
                written |= _describe_parameter(use, operation, components)
            if use.dependency.scoped:
                operation["responses"].setdefault("403", {"description": "No row exists for the caller"})
    for use, operation in bodies:  # these use the components that the parameters have
        _describe_body(use, operation, components, written)


def _operations(app: FastAPI, document: Document) -> list[tuple[Endpoint, Document]]:
    """The documented operations that have filters."""
    paths: Document = document["paths"]
    return [
        (endpoint, paths[endpoint.path][method.lower()])
        for endpoint in endpoints(app)
        if endpoint.documented
        for method in endpoint.methods
        if method.lower() in paths.get(endpoint.path, {})
    ]


def _describe_parameter(use: Use, operation: Document, components: Document) -> Written:
    """Make the parameter JSON, and return the names that the document gave to its components."""
    name, filters = use.dependency.config.name, use.dependency.document
    written: Written = {}
    for parameter in operation.get("parameters", []):
        schema = parameter.get("schema", {})
        if parameter["name"] == name and parameter["in"] == "query" and "contentSchema" in schema:
            content: Document = schema["contentSchema"]
            del parameter["schema"]
            parameter["content"] = filters.parameter_content(content)
            written = written_components(filters.schema, content["$ref"].removeprefix(PREFIX), components)
    return written


def _describe_body(use: Use, operation: Document, components: Document, written: Written) -> None:
    filters = use.dependency.document
    operation["requestBody"] = {
        "description": filters.description,
        "required": filters.required,
        "content": filters.body_content(add_components(filters.schema, components, written)),
    }
    _describe_refusal(operation["responses"], components)


def _describe_refusal(responses: Document, components: Document) -> None:
    """Say of an operation what FastAPI says by itself of those that have parameters."""
    if not responses.keys().isdisjoint({"422", "4XX", "default"}):
        return
    schema = {"$ref": f"{PREFIX}HTTPValidationError"}
    responses["422"] = {
        "description": "Validation Error",
        "content": {"application/json": {"schema": schema}},
    }
    components.setdefault("ValidationError", validation_error_definition)
    components.setdefault("HTTPValidationError", validation_error_response_definition)


def _describe_problems(app: FastAPI, document: Document) -> None:
    for endpoint, operation in _operations(app, document):
        reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        answers = ["422", "403"] if any(use.dependency.scoped for use in endpoint.uses) else ["422"]
        for status in answers:
            answer = operation["responses"].setdefault(status, {"description": "Problem"})
            answer.setdefault("content", {})[PROBLEM] = reference

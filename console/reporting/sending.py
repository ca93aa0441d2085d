"""Files on their way out: streamed as they are made, or handed to the worker."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from console.requests import actor_from
from recovery import actions
from recovery.actions import report_jobs
from recovery.actions.reports import Format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from recovery.models import Job
    from recovery.reports import Asked, Report


def take_out(request: HttpRequest, report: Report, asked: Asked, wanted: str) -> HttpResponse:
    """The file as it is made; of a large workbook, the way to the job that makes it."""
    if wanted == report_jobs.XLSX:
        return _workbook(request, report, asked)
    leaving = actions.export_report(
        actor=actor_from(request), report=report, asked=asked, file_format=Format(wanted)
    )
    return _streamed(leaving, name=leaving.name, content_type=leaving.content_type)


def hand_out(request: HttpRequest, job: Job) -> HttpResponse:
    """The file that the worker made."""
    pieces = actions.fetch_export(actor=actor_from(request), job=job)
    response = _streamed(pieces, name=job.file_name, content_type=report_jobs.CONTENT_TYPE)
    response["Content-Length"] = str(job.file_size)
    return response


def _workbook(request: HttpRequest, report: Report, asked: Asked) -> HttpResponse:
    file = TemporaryFile()  # noqa: SIM115 - the answer closes it, when it has left
    try:
        job = actions.export_workbook(
            actor=actor_from(request), report=report, asked=asked, file=file
        )
    except BaseException:
        file.close()
        raise
    if job is not None:
        file.close()
        return redirect("admin:job", job.pk)
    name = report_jobs.file_name(report)
    return FileResponse(
        file, as_attachment=True, filename=name, content_type=report_jobs.CONTENT_TYPE
    )


def _streamed(pieces: Iterable[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response

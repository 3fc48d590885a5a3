# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an upload (multipart/form-data)."""

import email.parser
import email.policy


class Upload:
    """One uploaded file."""

    def __init__(self, filename, data):
        self.filename = filename
        self.data = data


def parse(content_type, raw):
    """Fields by name; the file is under `filename` (its name) and `tmpfilename` (an Upload)."""
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    params = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True) or b""
        if part.get_filename():
            params["filename"] = part.get_filename()
            params["tmpfilename"] = Upload(part.get_filename(), data)
        else:
            params[name] = data.decode(errors="replace")
    return params

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds secrets in what programs write, in whatever form they are there, and redacts them.

A text is looked at as it is and with its escapes undone, once for each layer of them (a query's text in JSON in a log): those of JSON, Python,
shell, URLs and XML, with no quotes and backslashes and with broken lines joined. In each layer a value is looked for as it is, in hexadecimal,
and in base64 at each of the three places that it may have in a longer value, as in `user:password`. Long random values are looked for in pieces,
so that half of one, or a line of a key, is found too. PEM keys are known by their bodies; any private key between PEM's own lines is found,
whosever it is.

What can't be found: a value that was hashed, encrypted or compressed, and values of fewer than SHORTEST characters (`too_short`).
"""

from __future__ import annotations

import base64
import bisect
import re

SHORTEST = 4
# A random value of twice PIECE characters and more is looked for in pieces of PIECE to twice as many.
PIECE = 12
RANDOM = re.compile(r"[\w+/=.~-]+", re.ASCII)  # of others, a piece could end within a letter
# Where a value is broken, it is looked for so many bytes further on, and back.
AROUND = 512
LAYERS = 4
# Of a text, blocks of BLOCK bytes at each STEP are compared with all that pieces hold, and a piece of which none is there needs no search of its
# own: any range of PIECE bytes has a whole one of them.
BLOCK, STEP = 8, 5
ANY_KEY = "a private key"

# Begins with one of few bytes, so that the text between them is passed quickly. Quotes, backslashes and breaks, escaped or not, stand for nothing.
ESCAPE = re.compile(rb"""[\r\n\\%&'"](?:
    (?<=[\r\n])[\r\n\t ]*
    | (?<=%)(?P<url>[0-9A-Fa-f]{2})
    | (?<=&)(?:(?P<entity>amp|lt|gt|quot|apos)|\#(?P<number>[0-9]{2,3}|[xX][0-9A-Fa-f]{2}));
    | (?<=\\)\\*(?:(?P<unicode>u[0-9A-Fa-f]{4}(?:\\+u[0-9A-Fa-f]{4})*)|x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2})|(?P<tab>t)
        |[nr](?:\\+[nr])*[\t ]*|)
    | (?<=['"]))""", re.VERBOSE)
ENTITIES = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b"", b"apos": b""}
OPENSSH = b"openssh-key-v1\0"
# What is before the number of a key on a curve, of which the last byte is its length; RSA's usual exponent; and the
# first part of what names AES in an encrypted key.
CURVES = [b"\x02\x01\x01\x04\x20", b"\x02\x01\x01\x04\x30", b"\x02\x01\x01\x04\x42", b"\x04\x22\x04\x20"]
RSA_EXPONENT = b"\x02\x03\x01\x00\x01"
AES = b"\x60\x86\x48\x01\x65\x03\x04\x01"
PEM_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:.{0,20000}?-----END [A-Z0-9 ]*PRIVATE KEY-----|(?:\s*[A-Za-z0-9+/=]{16,})*)", re.DOTALL)
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?")
PEM_LINES = re.compile(r"-----[^-]+-----|^[\w-]+:.*$", re.MULTILINE)


def _meant(escape):
    """The bytes that an escape stands for."""
    kind = escape.lastgroup
    if kind is None:
        return b""
    text = escape.group(kind)
    if kind == "tab":
        return b"\t"
    if kind == "unicode":
        return bytes.fromhex(re.sub(rb"\\*u", b"", text).decode()).decode("utf-16-be", "replace").encode()
    if kind == "entity":
        return ENTITIES[text]
    if kind == "number":
        return chr(int(text[1:], 16) if text[:1] in b"xX" else int(text)).encode()
    return bytes([int(text, 8 if kind == "octal" else 16)])


class _Layer:
    """A text with one layer of escapes undone, and where each byte of it was before."""

    def __init__(self, before):
        done, self.starts, self.spans, length, place = [], [], [], 0, 0
        for escape in ESCAPE.finditer(before):
            for meant, span in ((before[place:escape.start()], None), (_meant(escape), escape.span())):
                if meant:
                    self.starts.append(length)
                    self.spans.append(span or (place, None))  # those that were plain have no end: each byte is its own
                    done.append(meant)
                    length += len(meant)
            place = escape.end()
        self.starts.append(length)
        self.spans.append((place, None))
        self.text = b"".join(done) + before[place:]

    def _before(self, place):
        index = bisect.bisect_right(self.starts, place) - 1
        start, end = self.spans[index]
        plain = start + place - self.starts[index]
        return (plain, plain + 1) if end is None else (start, end)

    def before(self, start, end):
        """The range of the text before that became [start, end) of this one."""
        return self._before(start)[0], self._before(end - 1)[1]


def undone(text):
    """The bytes `text` with all layers of escapes undone."""
    for dummy in range(LAYERS):
        text, before = _Layer(text).text, text
        if text == before:
            break
    return text


def _base64(value):
    """Of the bytes `value` in base64 what does not depend on the bytes beside it, for each place that it may have."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + value)
        left_over = (shift + len(value)) % 3
        whole = text[(0, 2, 3)[shift]:len(text) - (0, 3, 2)[left_over]]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def _private(der):
    """The range of a key's DER or of OpenSSH's form that is secret: what is beside it, certificates and public keys show, too."""
    if der.startswith(OPENSSH):
        return _openssh(der)
    for mark in CURVES:
        place = der.find(mark) + len(mark)
        if place >= len(mark):
            return place, place + mark[-1]
    for mark, more in ((RSA_EXPONENT, 0), (AES, 1 + 2 + 16)):  # after the modulus; after which AES, and the string that it begins with
        place = der.find(mark) + len(mark)
        if place >= len(mark):
            return place + more, len(der)
    return 0, len(der)


def _openssh(data):
    """As `_private`, of the format that OpenSSH's PROTOCOL.key describes: strings, each after its length in four bytes."""
    def string(place):
        start = place + 4
        return start, start + int.from_bytes(data[place:start], "big")
    place, texts = len(OPENSSH), []
    for dummy in range(3):
        start, place = string(place)
        texts.append(data[start:place])
    start = string(place + 4)[1] + 4  # after how many keys there are, and the public one
    if texts[0] != b"none":
        return start, len(data)
    start, place = string(start + 8)  # after two equal numbers
    kind = data[start:place]
    for dummy in range(1 if kind == b"ssh-ed25519" else 2):  # what is public of it
        place = string(place)[1]
    start, place = string(place)
    return start, {b"ssh-ed25519": start + 32, b"ssh-rsa": len(data)}.get(kind, place)


def _keys(value):
    """(form, start, end) of the private keys in a text, by their bodies and those in base64 once more; only [start, end) is secret."""
    for block in PEM_KEY.findall(value.replace("\\n", "\n").encode()):
        inner = PEM_LINES.sub("", block.decode())
        body = "".join(inner.split())
        if len(body) < 2 * PIECE or not BASE64.fullmatch(body):
            continue  # words about a key
        der = base64.b64decode(body + "=" * (-len(body) % 4))
        start, end = _private(der)
        if not PIECE <= end - start <= len(der) - start:
            start, end = 0, len(der)  # of no known form, or not whole
        yield body.encode(), -(-start * 4 // 3), end * 4 // 3
        yield from ((form, 0, len(form)) for form in _base64(inner.encode()))


def _forms(value):
    """The distinct byte strings by which a layer without escapes is searched for the text `value` that is no key."""
    plain = value.encode()
    forms = [plain, undone(plain), undone(plain.replace(b" ", b"+")), plain.hex().encode(), plain.hex().upper().encode(), *_base64(plain)]
    # Where a line was broken at a space, that is gone.
    forms += [undone(plain[:space.start()] + plain[space.end():]) for space in re.finditer(rb"\s+", plain)]
    return [form for form in dict.fromkeys(forms) if len(form) >= SHORTEST]


def _cut(value):
    """(form, start, end) of the pieces by which a text is looked for. Any longer part of a random value or a key holds a whole one; words are
    left whole.
    """
    keys = list(_keys(value))
    for form, start, end in keys or [(form, 0, len(form)) for form in _forms(value)]:
        count = max(1, (end - start) // PIECE) if keys or RANDOM.fullmatch(value) else 1
        edges = [start + (end - start) * index // count for index in range(count + 1)]
        yield from ((form, *ends) for ends in zip(edges, edges[1:]))


def _blocks(piece):
    """All blocks that a piece holds, where it is long enough to hold one wherever they begin."""
    return frozenset(piece[place:place + BLOCK] for place in range(len(piece) - BLOCK + 1)) if len(piece) >= PIECE else frozenset()


def secrets_of(variables):
    """{name: text} of all texts and numbers in {name: value}, as a vaulted file has them; those in lists and tables as NAME.KEY.

    True, false and null are no secrets.
    """
    found = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            found.update(secrets_of({"%s.%s" % (name, key): inner for key, inner in value.items()}))
        elif isinstance(value, (list, tuple)):
            found.update(secrets_of({"%s.%s" % (name, place): inner for place, inner in enumerate(value)}))
        elif value is not None and not isinstance(value, bool):
            found[str(name)] = str(value)
    return found


class Secrets:
    """What is looked for.

    :param values: {name: value}, as `secrets_of` gives them: passwords, tokens, PEM files of keys. Spaces around a value don't count.
    :param any_key: whether private keys between PEM's lines are, too, whosever they are.
    """

    def __init__(self, values, any_key=True):
        self.any_key = any_key
        stripped = {name: value.strip() for name, value in values.items()}
        self.too_short = sorted(name for name, value in stripped.items() if len(value) < SHORTEST)  # their names
        self._pieces = [(name, form, begins, ends, _blocks(form[begins:ends]))
                        for name, value in stripped.items() if name not in self.too_short for form, begins, ends in _cut(value)]
        self._blocks = frozenset().union(*(blocks for *dummy, blocks in self._pieces))

    def find(self, text):
        """[(start, end, name)] of the secrets in the bytes `text`, in their order; those of two secrets may overlap."""
        hits, layers = set(), []
        while True:
            for start, end, name in self._find(layers[-1].text if layers else text):
                for layer in reversed(layers):
                    start, end = layer.before(start, end)
                hits.add((start, end, name))
            layer = _Layer(layers[-1].text if layers else text)
            if len(layers) == LAYERS or layer.text == (layers[-1].text if layers else text):
                return sorted(hits)
            layers.append(layer)

    def _find(self, text):
        for match in PEM_KEY.finditer(text) if self.any_key else ():
            yield *match.span(), ANY_KEY
        there = {block for place in range(0, len(text), STEP) if (block := text[place:place + BLOCK]) in self._blocks}
        for name, form, begins, ends, blocks in self._pieces:
            if blocks and there.isdisjoint(blocks):
                continue
            place = text.find(form[begins:ends])
            while place >= 0:
                yield from ((start, end, name) for start, end in _whole(text, place, form, begins, ends))
                place = text.find(form[begins:ends], place + ends - begins)

    def redact(self, text):
        """Put the secret's name where the secret was.

        :param text: bytes.
        :return: the bytes without any secret, and {name: how often} of what was there.
        :raises ValueError: when something would remain, as where the marks themselves hold a secret.
        """
        found = {}
        for mark in ("[redacted: %s]", "########"):
            merged = []
            for start, end, name in self.find(text):
                if merged and start < merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2] | {name})
                else:
                    merged.append((start, end, {name}))
            parts, place = [], 0
            for start, end, names in merged:
                parts += [text[place:start], mark.replace("%s", ", ".join(sorted(names))).encode()]
                place = end
                found.update((name, found.get(name, 0) + 1) for name in names)
            text = b"".join(parts) + text[place:]
        if self.find(text):
            raise ValueError("secrets would remain: %s" % ", ".join(sorted({name for dummy, dummy, name in self.find(text)})))
        return text, found


def _whole(text, place, form, begins, ends):
    """The ranges of a text that hold a form of which one piece was found: as far as it goes on, and where it goes on after what breaks it."""
    start, end = place, place + ends - begins
    while begins and start and text[start - 1] == form[begins - 1]:
        start, begins = start - 1, begins - 1
    while ends < len(form) and end < len(text) and text[end] == form[ends]:
        end, ends = end + 1, ends + 1
    yield start, end
    while len(form) - ends >= SHORTEST:
        further = form[ends:ends + BLOCK]
        place = text.find(further, end, end + AROUND)
        if place < 0:
            break
        end, ends = place + len(further), ends + len(further)
        while ends < len(form) and end < len(text) and text[end] == form[ends]:
            end, ends = end + 1, ends + 1
        yield place, end
    while begins >= SHORTEST:
        further = form[max(0, begins - BLOCK):begins]
        place = text.rfind(further, max(0, start - AROUND), start)
        if place < 0:
            break
        end, start, begins = place + len(further), place, begins - len(further)
        while begins and start and text[start - 1] == form[begins - 1]:
            start, begins = start - 1, begins - 1
        yield start, end

"""Adapter `sql`: the tables, and the steps from older versions of them.

`{number}` and `{real}` are the dialect's words for a whole number of 64 bits and a double. Numbers
of jobs, effects and so on are given by the writer, of which there is one at a time: they have no
gaps.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        event TEXT PRIMARY KEY,
        at {real} NOT NULL
    );
    CREATE TABLE jobs (
        job {number} PRIMARY KEY,
        event TEXT NOT NULL,
        branch TEXT NOT NULL,
        commit_hash TEXT NOT NULL,
        pull_request {number},
        asked TEXT NOT NULL,
        state TEXT NOT NULL,
        key TEXT NOT NULL DEFAULT '',
        leader {number},
        worker TEXT NOT NULL DEFAULT '',
        lease_until {real} NOT NULL DEFAULT 0,
        attempt {number} NOT NULL DEFAULT 0,
        losses {number} NOT NULL DEFAULT 0,
        cancel TEXT NOT NULL DEFAULT '',
        superseded_by {number},
        station TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '',
        queued_at {real} NOT NULL,
        started_at {real},
        ended_at {real}
    );
    CREATE INDEX jobs_event ON jobs (event);
    CREATE INDEX jobs_open ON jobs (job) WHERE state IN ('queued', 'running', 'waiting');
    CREATE INDEX jobs_started ON jobs (started_at) WHERE ended_at IS NOT NULL;
    CREATE INDEX jobs_branch ON jobs (branch, job);
    CREATE INDEX jobs_commit ON jobs (commit_hash, job);
    CREATE INDEX jobs_pull_request ON jobs (pull_request, job) WHERE pull_request IS NOT NULL;
    CREATE UNIQUE INDEX jobs_key ON jobs (key) WHERE state = 'running' AND key <> '';
    CREATE TABLE heads (
        branch TEXT PRIMARY KEY,
        commit_hash TEXT NOT NULL
    );
    CREATE TABLE effects (
        effect {number} PRIMARY KEY,
        identity TEXT NOT NULL UNIQUE,
        job {number},
        body TEXT NOT NULL,
        tries {number} NOT NULL DEFAULT 0,
        next_at {real} NOT NULL,
        error TEXT NOT NULL DEFAULT '',
        done_at {real}
    );
    CREATE INDEX effects_pending ON effects (effect) WHERE done_at IS NULL;
    CREATE TABLE pulls (
        number {number} PRIMARY KEY,
        head TEXT NOT NULL,
        base TEXT NOT NULL,
        asked TEXT NOT NULL,
        state TEXT NOT NULL,
        commit_hash TEXT NOT NULL,
        approved_by TEXT NOT NULL DEFAULT '',
        merged_as TEXT NOT NULL DEFAULT '',
        opened_at {real} NOT NULL,
        updated_at {real} NOT NULL,
        ended_at {real}
    );
    CREATE UNIQUE INDEX pulls_open ON pulls (head, base) WHERE state = 'open';
    CREATE TABLE checks (
        commit_hash TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        summary TEXT NOT NULL,
        job {number},
        at {real} NOT NULL,
        PRIMARY KEY (commit_hash, name)
    );
    CREATE TABLE comments (
        comment {number} PRIMARY KEY,
        pull {number} NOT NULL,
        marker TEXT NOT NULL,
        author TEXT NOT NULL,
        body TEXT NOT NULL,
        at {real} NOT NULL
    );
    CREATE INDEX comments_pull ON comments (pull, comment);
    CREATE UNIQUE INDEX comments_sticky ON comments (pull, marker) WHERE marker <> '';
    """,
)
"""One script for each version, oldest first; never edited, only added to."""


def statements(version: int, *, number: str, real: str) -> list[str]:
    """What brings a database from a version to the newest, in this dialect's words."""
    scripts = "".join(MIGRATIONS[version:]).replace("{number}", number).replace("{real}", real)
    return [text for text in map(str.strip, scripts.split(";")) if text]

//! The tables of `alerts.db`.

/// The steps that lead from each schema to the next; the first makes version 1. A step that was released never
/// changes.
pub(super) const UPGRADES: [&str; 2] = [
    "
    CREATE TABLE alarm_states (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_micros INTEGER NOT NULL,
        alarm TEXT NOT NULL,
        alarm_type TEXT NOT NULL,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_by_time ON history (at_micros, id);
    CREATE INDEX history_by_alarm ON history (alarm, at_micros, id);
    CREATE TABLE insights (
        id TEXT PRIMARY KEY,
        group_name TEXT NOT NULL,
        root TEXT NOT NULL,
        start_micros INTEGER NOT NULL,
        end_micros INTEGER,
        is_active INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX insights_by_start ON insights (start_micros, id);
    CREATE TABLE notices (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        created_micros INTEGER NOT NULL,
        is_routed INTEGER NOT NULL,
        notice TEXT NOT NULL
    ) STRICT;
    CREATE INDEX notices_to_route ON notices (seq) WHERE is_routed = 0;
    CREATE TABLE deliveries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        notice INTEGER NOT NULL,
        target TEXT NOT NULL,
        dedup_key TEXT NOT NULL,
        is_firing INTEGER NOT NULL,
        state TEXT NOT NULL,
        tries INTEGER NOT NULL,
        due_micros INTEGER NOT NULL,
        created_micros INTEGER NOT NULL,
        done_micros INTEGER,
        answer TEXT
    ) STRICT;
    CREATE INDEX deliveries_pending ON deliveries (target, dedup_key, seq) WHERE state = 'pending';
    CREATE INDEX deliveries_by_notice ON deliveries (notice);
    CREATE INDEX deliveries_by_target ON deliveries (target, dedup_key, seq);
    CREATE INDEX deliveries_by_id ON deliveries (id);
",
    "CREATE INDEX deliveries_held ON deliveries (due_micros) WHERE state = 'held';",
];

/* The limit: a queue's loops with prepared statements on a bare table, as a loadable extension.
 *
 * A loadable extension calls the SQLite that loads it, so this runs on the very library that smq runs on, with its
 * version and its build options. Loaded into a connection, it adds one function:
 *
 *   bare_loop(path, action, synchronous, count, batch, payload) -> seconds of the timed part
 *
 * It opens its own connection to `path`. Counters, receipts, states beyond two and checks are left out on purpose.
 */
#include <sqlite3ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

SQLITE_EXTENSION_INIT1

#define MOST_IN_A_BATCH 1000
#define WARM_UP 100

static const char *SCHEMA =
    "CREATE TABLE IF NOT EXISTS m("
    "  id INTEGER PRIMARY KEY, topic TEXT NOT NULL, state INTEGER NOT NULL, lease_until INTEGER, payload TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS ready ON m(topic, id) WHERE state = 0;"
    "CREATE INDEX IF NOT EXISTS leased ON m(lease_until) WHERE state = 1;";

enum { BEGIN, COMMIT, PUT, LEASE, READY, MARK, ACK, STATEMENTS };

static const char *SQL[STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "INSERT INTO m(topic, state, payload) VALUES ('t', 0, ?1)",
    "UPDATE m SET state = 1, lease_until = ?1"
    " WHERE id = (SELECT id FROM m WHERE topic = 't' AND state = 0 ORDER BY id LIMIT 1) RETURNING id, payload",
    "SELECT id, payload FROM m WHERE topic = 't' AND state = 0 ORDER BY id LIMIT ?1",
    "UPDATE m SET state = 1, lease_until = ?1 WHERE id = ?2",
    "DELETE FROM m WHERE id = ?1",
};

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    const char *payload;
    int length;
    int batch;
    sqlite3_int64 ids[MOST_IN_A_BATCH];
    sqlite3_int64 previous;
    char *taken;
    int failed;
} Loop;

/* Run a statement that answers no row. */
static void run(Loop *loop, int which) {
    sqlite3_stmt *statement = loop->statements[which];
    if (sqlite3_step(statement) != SQLITE_DONE) loop->failed = 1;
    sqlite3_reset(statement);
}

/* Copy the payload of the row that a statement stands on, and answer its id. */
static sqlite3_int64 take_row(Loop *loop, sqlite3_stmt *statement) {
    const char *payload = (const char *)sqlite3_column_text(statement, 1);
    int length = sqlite3_column_bytes(statement, 1);
    if (!payload || length != loop->length) loop->failed = 1;
    else memcpy(loop->taken, payload, length);
    return sqlite3_column_int64(statement, 0);
}

static void put(Loop *loop) {
    sqlite3_bind_text(loop->statements[PUT], 1, loop->payload, loop->length, SQLITE_STATIC);
    run(loop, PUT);
}

static void ack(Loop *loop, sqlite3_int64 id) {
    sqlite3_bind_int64(loop->statements[ACK], 1, id);
    run(loop, ACK);
}

static sqlite3_int64 lease_one(Loop *loop) {
    sqlite3_stmt *statement = loop->statements[LEASE];
    sqlite3_int64 id = 0;
    sqlite3_bind_int64(statement, 1, 1800000000000);
    if (sqlite3_step(statement) == SQLITE_ROW) id = take_row(loop, statement);
    else loop->failed = 1;
    if (sqlite3_step(statement) != SQLITE_DONE) loop->failed = 1;
    sqlite3_reset(statement);
    return id;
}

static int lease_many(Loop *loop) {
    sqlite3_stmt *statement = loop->statements[READY];
    int found = 0;
    sqlite3_bind_int(statement, 1, loop->batch);
    while (sqlite3_step(statement) == SQLITE_ROW) loop->ids[found++] = take_row(loop, statement);
    sqlite3_reset(statement);
    for (int i = 0; i < found; i++) {
        sqlite3_bind_int64(loop->statements[MARK], 1, 1800000000000);
        sqlite3_bind_int64(loop->statements[MARK], 2, loop->ids[i]);
        run(loop, MARK);
    }
    return found;
}

/* The actions: each handles one batch and leaves the transaction closed. */

static void enqueue(Loop *loop) { put(loop); }

static void enqueue_many(Loop *loop) {
    run(loop, BEGIN);
    for (int i = 0; i < loop->batch; i++) put(loop);
    run(loop, COMMIT);
}

static void dequeue_ack(Loop *loop) { ack(loop, lease_one(loop)); }

static void exchange(Loop *loop) {
    run(loop, BEGIN);
    if (loop->previous) ack(loop, loop->previous);
    loop->previous = lease_one(loop);
    run(loop, COMMIT);
}

static void batches(Loop *loop) {
    run(loop, BEGIN);
    int found = lease_many(loop);
    run(loop, COMMIT);
    if (found != loop->batch) loop->failed = 1;
    run(loop, BEGIN);
    for (int i = 0; i < found; i++) ack(loop, loop->ids[i]);
    run(loop, COMMIT);
}

static const struct {
    const char *name;
    void (*run)(Loop *);
    int warms_up;
} ACTIONS[] = {
    {"fill", enqueue_many, 0},
    {"enqueue", enqueue, 1},
    {"enqueue_many", enqueue_many, 1},
    {"dequeue_ack", dequeue_ack, 1},
    {"exchange", exchange, 1},
    {"batches", batches, 1},
};

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static int open_loop(Loop *loop, const char *path, const char *synchronous) {
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA synchronous = %s", synchronous);
    if (sqlite3_open_v2(path, &loop->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0)) return 0;
    sqlite3_exec(loop->db, "PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY;", 0, 0, 0);
    sqlite3_exec(loop->db, pragma, 0, 0, 0);
    if (sqlite3_exec(loop->db, SCHEMA, 0, 0, 0)) return 0;
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(loop->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &loop->statements[i], 0)) return 0;
    return 1;
}

static void close_loop(Loop *loop) {
    for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(loop->statements[i]);
    sqlite3_close(loop->db);
    free(loop->taken);
}

static double timed(Loop *loop, const char *name, sqlite3_int64 count) {
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++) {
        if (strcmp(ACTIONS[i].name, name)) continue;
        int warm_up = ACTIONS[i].warms_up ? (count < WARM_UP ? count : WARM_UP) / loop->batch : 0;
        for (int n = 0; n < warm_up; n++) ACTIONS[i].run(loop);
        double start = seconds_now();
        for (sqlite3_int64 n = 0; n < count / loop->batch && !loop->failed; n++) ACTIONS[i].run(loop);
        return seconds_now() - start;
    }
    loop->failed = 1;
    return 0;
}

static void bare_loop(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    Loop *loop = calloc(1, sizeof *loop);
    loop->payload = (const char *)sqlite3_value_text(values[5]);
    loop->length = sqlite3_value_bytes(values[5]);
    loop->batch = sqlite3_value_int(values[4]);
    loop->taken = malloc(loop->length + 1);
    double seconds = 0;
    if (loop->batch < 1 || loop->batch > MOST_IN_A_BATCH) loop->failed = 1;
    else if (!open_loop(loop, (const char *)sqlite3_value_text(values[0]), (const char *)sqlite3_value_text(values[2])))
        loop->failed = 1;
    else seconds = timed(loop, (const char *)sqlite3_value_text(values[1]), sqlite3_value_int64(values[3]));
    if (loop->failed) sqlite3_result_error(context, loop->db ? sqlite3_errmsg(loop->db) : "bad arguments", -1);
    else sqlite3_result_double(context, seconds);
    close_loop(loop);
    free(loop);
}

int sqlite3_bareloop_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
    (void)error;
    SQLITE_EXTENSION_INIT2(api);
    return sqlite3_create_function(db, "bare_loop", 6, SQLITE_UTF8, 0, bare_loop, 0, 0);
}

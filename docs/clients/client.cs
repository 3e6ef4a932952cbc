// Mono: Mono.Data.Sqlite, whose SQLite flushes nothing in WAL mode and waits for nobody unless it is told to.
using System;
using Mono.Data.Sqlite;

class Client
{
    const string Insert = "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (@topic, @payload, @priority, @headers)";

    static void Send(SqliteConnection db, string sql, object payload, object priority)
    {
        using (var command = new SqliteCommand(sql, db))
        {
            command.Parameters.AddWithValue("@topic", "mail");
            command.Parameters.AddWithValue("@payload", payload);
            command.Parameters.AddWithValue("@priority", priority);
            command.Parameters.AddWithValue("@headers", DBNull.Value);
            command.ExecuteNonQuery();
        }
    }

    static void Main(string[] arguments)
    {
        using (var db = new SqliteConnection("Data Source=" + arguments[0] + ";Synchronous=Full"))
        {
            db.Open();
            using (var command = new SqliteCommand("PRAGMA busy_timeout = 10000", db)) command.ExecuteNonQuery();
            Send(db, Insert, "text", DBNull.Value);
            using (var command = new SqliteCommand("SELECT last_insert_rowid()", db)) Console.WriteLine(command.ExecuteScalar());
            Send(db, Insert, new byte[] { 0, 255 }, DBNull.Value);
            try { Send(db, Insert.Replace("INSERT INTO", "INSERT OR IGNORE INTO"), "x", 101); }
            catch (SqliteException error) { Console.WriteLine(error.Message); }
        }
    }
}

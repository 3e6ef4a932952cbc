# Perl: DBD::SQLite. Bytes have to be bound as SQL_BLOB, else they are stored as text.
use strict;
use warnings;
use DBI qw(:sql_types);
my $db = DBI->connect("dbi:SQLite:dbname=$ARGV[0]", "", "", { RaiseError => 1, PrintError => 0 });
$db->sqlite_busy_timeout(10_000);
my $insert = $db->prepare("INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)");
$insert->execute("mail", "text", undef, undef);
print $db->last_insert_id("", "", "", ""), "\n";
$insert->bind_param(1, "mail");
$insert->bind_param(2, "\x00\xff", SQL_BLOB);
$insert->execute;
eval { $db->do("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES (?, ?, 101)", undef, "mail", "x") };
print $@;
$db->disconnect;

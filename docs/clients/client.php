<?php // PHP: the class SQLite3, and PDO.
$path = $argv[1];
$db = new SQLite3($path);
$db->enableExceptions(true);
$db->busyTimeout(10000);
$insert = $db->prepare('INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)');
$insert->bindValue(1, 'mail');
$insert->bindValue(2, 'text');
$insert->bindValue(3, null, SQLITE3_NULL);
$insert->bindValue(4, null, SQLITE3_NULL);
$insert->execute();
echo $db->lastInsertRowID(), "\n";
$insert->reset();
$insert->bindValue(2, "\x00\xff", SQLITE3_BLOB);
$insert->execute();
$db->close();

$pdo = new PDO("sqlite:$path", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 10]);
try {
    $pdo->prepare('INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES (?, ?, 101)')->execute(['mail', 'x']);
} catch (PDOException $error) {
    echo $error->getMessage(), "\n";
}

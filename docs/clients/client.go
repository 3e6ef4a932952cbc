// Go: github.com/mattn/go-sqlite3.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"

	_ "github.com/mattn/go-sqlite3"
)

func main() {
	db, err := sql.Open("sqlite3", "file:"+os.Args[1]+"?_busy_timeout=10000&_synchronous=FULL")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	insert := "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)"
	result, err := db.Exec(insert, "mail", "text", nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	id, _ := result.LastInsertId()
	fmt.Println(id)
	if _, err = db.Exec(insert, "mail", []byte{0, 255}, nil, nil); err != nil {
		log.Fatal(err)
	}
	_, err = db.Exec("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)")
	fmt.Println(err)
}

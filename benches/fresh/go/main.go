// The same as fresh.c in Go.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

const token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"

func authorize(conn *tigergraphauth.Conn, calls int) {
	for i := 0; i < calls; i++ {
		if _, err := conn.Authorization(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
}

func main() {
	conn, err := tigergraphauth.New("http://127.0.0.1:1", tigergraphauth.WithAPIToken(token))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for calls := 0; ; {
		if _, err := fmt.Scan(&calls); err != nil {
			return
		}
		authorize(conn, calls)
		began := time.Now()
		authorize(conn, calls)
		fmt.Println(float64(time.Since(began)) / float64(calls))
	}
}

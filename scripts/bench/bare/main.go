// Command bare is the simplest possible receiver of callbacks. It shows what the
// function callback adds. A net/http handler inserts the body into the table of events
// through the client of the database, with as many connections as the sink has. It
// takes SINK and LISTEN_ADDR, and the table must exist.
package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

const conns = 8 // as many as a sink has

// insert writes one row of the table.
type insert func(ctx context.Context, id string, body []byte) error

func main() {
	u, err := url.Parse(os.Getenv("SINK"))
	if err != nil {
		log.Fatal(err)
	}
	open := map[string]func(*url.URL) (insert, error){"postgres": postgres, "mysql": mysql}[u.Scheme]
	put, err := open(u)
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", os.Getenv("LISTEN_ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "{\"msg\":\"listening\",\"addr\":%q}\n", l.Addr())
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			sum := sha256.Sum256(body)
			err = put(r.Context(), hex.EncodeToString(sum[:16]), body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})))
}

func postgres(u *url.URL) (insert, error) {
	free := make(chan *pgx.Conn, conns)
	for range conns {
		c, err := pgx.Connect(context.Background(), u.String())
		if err != nil {
			return nil, err
		}
		free <- c
	}
	return func(ctx context.Context, id string, body []byte) error {
		c := <-free
		defer func() { free <- c }()
		_, err := c.Exec(ctx, `INSERT INTO vod_events (id, type, subject, source, mode, received_at, data, sunk_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now()) ON CONFLICT (id) DO NOTHING`,
			id, "com.tencent.cloud.vod.ProcedureStateChanged", id, "/tencentcloud/vod", "normal", time.Now(), string(body))
		return err
	}, nil
}

func mysql(u *url.URL) (insert, error) {
	db, err := sql.Open("mysql", u.User.String()+"@tcp("+u.Host+")"+u.Path+"?interpolateParams=true")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return func(ctx context.Context, id string, body []byte) error {
		_, err := db.ExecContext(ctx, `INSERT INTO vod_events (id, type, subject, source, mode, received_at, raw, data, sunk_at) VALUES (?, ?, ?, ?, ?, ?, ?, CONVERT(raw USING utf8mb4), received_at) ON DUPLICATE KEY UPDATE id = id`,
			id, "com.tencent.cloud.vod.ProcedureStateChanged", id, "/tencentcloud/vod", "normal", time.Now().UTC(), body)
		return err
	}, nil
}

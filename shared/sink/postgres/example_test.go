package postgres_test

import (
	"fmt"
	"net/url"

	"vodevents/shared/sink/postgres"
)

// Opening checks the URL and does not connect. What is wrong is said without
// the user name and the password.
func ExampleOpen() {
	for _, raw := range []string{
		"postgres://vod:pa55@db.example.com/vod?table=media.vod_events&sslmode=require",
		"postgres://vod:pa55@db.example.com/vod?table=vod-events",
		"postgres://vod:pa55@db.example.com/vod?sslmode=sometimes",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			fmt.Println(err)
			continue
		}
		sink, err := postgres.Open(u)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("opened")
		sink.Close()
	}
	// Output:
	// opened
	// postgres://db.example.com: table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47
	// postgres://db.example.com: failed to configure TLS (sslmode is invalid); see postgresql.org/docs/current/libpq-connect.html for what a URL may hold
}

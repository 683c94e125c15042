//go:build clients

package main

// The client libraries of the sinks, imported and not used. Their packages are
// initialized at each start, which no code of this project can avoid.
import (
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5"
	_ "github.com/twmb/franz-go/pkg/kgo"
)

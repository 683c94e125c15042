// Package pgtest runs a real PostgreSQL for tests; see
// [vodevents/shared/sink/servertest]. PostgreSQL refuses to run as root; a test
// that runs as root starts it as the user postgres.
package pgtest

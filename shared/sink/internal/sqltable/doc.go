// Package sqltable holds what the sinks and stores of the SQL databases share:
// the pool of connections, the parameters of a URL that are ours, and how a
// batch of events and a batch of outcomes become rows.
package sqltable

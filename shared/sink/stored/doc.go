// Package stored describes the events that a database keeps, as they are read
// back: which ones are asked for ([Filter]), how many there are ([Summary]), and
// one of them ([Row]). shared/sink/postgres reads its table in these words, and
// so does every other sink that is a table.
package stored

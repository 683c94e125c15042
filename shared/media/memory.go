package media

import (
	"slices"

	"vodevents/shared/event"
	"vodevents/shared/internal/slab"
)

// Memory is where the state of media stands while a batch is folded. Its methods do
// what [Of], [Merge], [Media.Row] and [Media.AppendDoc] do, and what they return is gone
// after Reset: the next batch takes the same memory. Without that, a fold would make
// 10 kB of garbage for an event of 5 kB. The zero value is ready.
type Memory struct {
	media   slab.Slab[Media]
	results slab.Slab[Result]
	outputs slab.Slab[Output]
	docs    []byte

	// Of the procedure that is being read.
	procedure event.ProcedureTask
	told      []toldResult

	shapes shapes // of the procedures that were read last; they stay
}

// Of is [Of].
func (m *Memory) Of(e *event.Event) []Media {
	r := &reader{memory: m, event: e, at: inMillis(e.Received)}
	r.read()
	return r.all()
}

// forget ends the reading of a procedure.
func (m *Memory) forget() {
	m.procedure = event.ProcedureTask{}
	clear(m.told)
	m.told = m.told[:0]
}

// Keep is a media of Of that outlives Reset.
func Keep(m Media) Media {
	m.Results = slices.Clone(m.Results)
	return m
}

// Merge is [Merge].
func (m *Memory) Merge(a, b *Media) *Media {
	merged := &m.media.Take(1)[0]
	merged.merge(a, b)
	return merged
}

// Row is [Media.Row].
func (m *Memory) Row(of *Media) Row { return of.row(m.outputs.Take(len(of.Results))[:0]) }

// Doc is [Media.AppendDoc].
func (m *Memory) Doc(of *Media) []byte {
	from := len(m.docs)
	m.docs = of.AppendDoc(m.docs)
	return m.docs[from:len(m.docs):len(m.docs)]
}

// Reset takes everything back. It keeps what batches of usual size need, which is
// 0.2 MB, and at most twice that.
func (m *Memory) Reset() {
	m.media.Reset(64)
	m.results.Reset(512)
	m.outputs.Reset(512)
	if m.docs = m.docs[:0]; cap(m.docs) > 256<<10 {
		m.docs = nil
	}
	if cap(m.told) > 64 {
		m.told = nil
	}
}

package journal

const (
	MaxChanges    = 1000 // events in one Update, and media
	maxReaderLogs = 500  // lines of the log between two Updates
)

// Reader follows a journal: it is told of each change once. Make one with
// [Journal.Follow].
type Reader struct {
	journal *Journal
	events  unread[*record]
	media   unread[*mediaRecord]
	logs    []*Log
	dropped int
	figures *Figures
	touched bool
}

// Follow makes a reader that is told what changes from now on. End it with
// Close.
func (j *Journal) Follow() *Reader {
	r := &Reader{journal: j, events: newUnread[*record](), media: newUnread[*mediaRecord](), touched: true}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.readers[r] = struct{}{}
	return r
}

// Close ends the reader.
func (r *Reader) Close() {
	r.journal.mu.Lock()
	defer r.journal.mu.Unlock()
	delete(r.journal.readers, r)
}

// Update is what a reader is told.
type Update struct {
	Events  []Summary // as they are now; at most MaxChanges, the others come with the next Update
	Media   []Media   // likewise
	Logs    []*Log
	Dropped int      // lines of the log that are left out
	Figures *Figures // of the seconds that ended since the Update before; nil: none did
	Touched bool     // Touch was called; true in the first Update
}

// Next gives what there is to tell now. It does not wait.
func (r *Reader) Next() (u Update) {
	j := r.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, changed := range r.events.take(MaxChanges) {
		u.Events = append(u.Events, changed.summary())
	}
	for _, changed := range r.media.take(MaxChanges) {
		u.Media = append(u.Media, changed.summary())
	}
	u.Logs, u.Dropped, r.logs, r.dropped = r.logs, r.dropped, nil, 0
	u.Figures, r.figures = r.figures, nil
	u.Touched, r.touched = r.touched, false
	return u
}

// Touch tells every reader that something changed beside the events: the
// configuration, the faults, the clock.
func (j *Journal) Touch() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.revision++
	for r := range j.readers {
		r.touched = true
	}
}

// Revision grows with each Touch. It starts at the time, in milliseconds, so that a dev
// that is started again goes on from a higher one.
func (j *Journal) Revision() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.revision
}

// touch has every reader told of a record.
func (j *Journal) touch(r *record) {
	for reader := range j.readers {
		reader.events.add(r)
	}
}

// second takes note of a second that ended. The totals are those of its end, so that
// they agree with the series.
func (r *Reader) second(totals Totals, p Point) {
	if r.figures == nil {
		r.figures = new(Figures)
	}
	r.figures.Totals = totals
	r.figures.Series = latest(append(r.figures.Series, p))
}

func (r *Reader) log(l *Log) {
	if len(r.logs) == maxReaderLogs {
		r.dropped++
		return
	}
	r.logs = append(r.logs, l)
}

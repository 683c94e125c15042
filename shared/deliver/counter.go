package deliver

// An event whose ID holds its handle may have another ID each time that it comes:
// VOD does not say whether a handle stays. Its attempts are counted under its
// PayloadID, which stays. The store knows that as one more id, which is claimed with
// the others and never done.

// counter is what is known of one PayloadID.
type counter struct {
	Record
	id string
}

// withCounters adds the PayloadIDs of items to ids, each once, if this way parks by
// attempts.
func (d *delivery) withCounters(ids []string, items []*item) []string {
	if !d.parks(ReasonAttempts) {
		return ids
	}
	var seen map[string]bool
	for _, it := range items {
		id := it.event.PayloadID
		if id == "" || seen[id] {
			continue
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids
}

// readCounters gives the items the attempts that the store knows by their
// PayloadIDs. The caller holds the lock.
func (d *delivery) readCounters(items []*item, ids []string, records []Record) {
	for i, id := range ids {
		if records[i].Mine {
			d.mine = append(d.mine, id)
		}
		c := &counter{records[i], id}
		d.counters = append(d.counters, c)
		for _, it := range items {
			if it.event.PayloadID == id && it.record.Mine && c.Attempts > it.record.Attempts {
				it.record.Attempts, it.record.FirstError, it.record.LastError = c.Attempts, c.FirstError, c.LastError
			}
		}
	}
}

// counted tells the store how many attempts each counter has now. Once an event is
// through, the count of the next equal one starts at 0.
func (d *delivery) counted(outcomes []Outcome) []Outcome {
	for _, c := range d.counters {
		o := Outcome{c.id, StateFree, c.Attempts, c.FirstError, c.LastError}
		for _, it := range d.items {
			switch {
			case it.event.PayloadID != c.id || !it.record.Mine:
			case it.Fate != Left:
				o = Outcome{ID: c.id, State: StateFree}
			case it.record.Attempts > o.Attempts:
				o.Attempts, o.FirstError, o.LastError = it.record.Attempts, it.record.FirstError, it.record.LastError
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

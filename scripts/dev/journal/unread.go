package journal

// unread is what a reader is still to be told of: each thing once, in the order of
// its first change.
type unread[T comparable] struct {
	waiting map[T]struct{}
	changed []T // those that were forgotten are not waiting any more
}

func newUnread[T comparable]() unread[T] { return unread[T]{waiting: map[T]struct{}{}} }

func (u *unread[T]) add(one T) {
	if _, ok := u.waiting[one]; !ok {
		u.waiting[one] = struct{}{}
		u.changed = append(u.changed, one)
	}
}

// forget takes out what there is no more.
func (u *unread[T]) forget(one T) { delete(u.waiting, one) }

// take takes out up to most.
func (u *unread[T]) take(most int) (taken []T) {
	n := 0
	for ; n < len(u.changed) && len(taken) < most; n++ {
		if _, ok := u.waiting[u.changed[n]]; ok {
			delete(u.waiting, u.changed[n])
			taken = append(taken, u.changed[n])
		}
	}
	if u.changed = u.changed[n:]; len(u.changed) == 0 {
		u.changed = nil
	}
	return taken
}

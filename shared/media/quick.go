package media

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"vodevents/shared/event"
	"vodevents/shared/internal/jsonscan"
)

// quickProcedure reads a payload of ProcedureStateChanged. It is the most frequent kind
// and the largest. quickProcedure does what [event.Event.Decode] does, without
// reflection and only for the members that a media needs. It returns false if the
// payload has an unusual shape; Decode handles that. The results go into list.
func quickProcedure(e *event.Event, list []toldResult) (p *event.ProcedureTask, results []toldResult, ok bool) {
	if e.Type != "ProcedureStateChanged" || e.Field != "ProcedureStateChangeEvent" {
		return nil, list, false
	}
	q := quick{Scanner: jsonscan.New(e.Payload)}
	q.Space()
	p, results = new(event.ProcedureTask), list
	q.object(func(name []byte) bool {
		switch string(name) {
		case "TaskId":
			q.string(&p.TaskId)
		case "Status":
			q.string((*string)(&p.Status))
		case "FileId":
			q.string(&p.FileId)
		case "FileName":
			q.string(&p.FileName)
		case "FileUrl":
			q.string(&p.FileUrl)
		case "SessionContext":
			q.string(&p.SessionContext)
		case "MetaData":
			q.metaData(&p.MetaData)
		case "MediaProcessResultSet":
			q.list(func(i int) {
				results = append(results, toldResult{index: i})
				if !q.result(&results[len(results)-1]) {
					results = results[:len(results)-1]
				}
			})
		case "AiContentReviewResultSet":
			q.decode(&p.AiContentReviewResultSet)
		default:
			return false
		}
		return true
	})
	return p, results, !q.odd
}

// quick reads values where a Scanner stands.
type quick struct {
	*jsonscan.Scanner
	odd bool // something is not in the shape that VOD sends

	// recent are short strings that were read last, the latest at next-1: the results
	// of a procedure have nearly all of theirs in common.
	recent [4]string
	next   int

	// duration is the float that was read last, and its text: the results have that in
	// common, too.
	duration     float64
	durationText []byte
}

// quickNames are the members that are read, by their names in small letters: like
// encoding/json, Decode takes them in any case.
var quickNames = func() map[string]string {
	names := map[string]string{}
	for name := range strings.FieldsSeq(`TaskId Status FileId FileName FileUrl SessionContext MetaData MediaProcessResultSet AiContentReviewResultSet
		Size Duration Width Height Md5 TranscodeTask AdaptiveDynamicStreamingTask CoverBySnapshotTask AnimatedGraphicTask
		SnapshotByTimeOffsetTask SampleSnapshotTask ImageSpriteTask ErrCodeExt ErrCode Message FinishTime Input Output
		Definition Url Bitrate Container Package DrmType SubStreamSet CoverUrl`) {
		names[strings.ToLower(name)] = name
	}
	return names
}()

// object reads an object, or null. read reads the value of a member, and returns
// false for a name that it does not know.
func (q *quick) object(read func(name []byte) bool) {
	if q.null() {
		return
	}
	ok := q.Take('{')
	var marks uint64 // of the names so far
	for more := q.Space() != '}'; ok && more; more = q.Comma() {
		var quoted []byte
		if quoted, ok = q.Name(); !ok {
			break
		}
		if name := quoted[1 : len(quoted)-1]; !read(name) {
			ok = !respelled(name) && q.Value()
			continue
		}
		mark := uint64(1) << ((2*quoted[1] + byte(len(quoted))) % 64) // each name of an object has its own
		ok = marks&mark == 0 && !q.odd                                // else one came twice: Decode knows which counts
		marks |= mark
	}
	q.odd = q.odd || !ok || !q.Take('}')
}

// respelled tells whether Decode might know the name.
func respelled(name []byte) bool {
	var small [40]byte // as long as any of quickNames
	if len(name) > len(small) {
		return bytes.ContainsFunc(name, func(r rune) bool { return r == '\\' || r >= 0x80 })
	}
	for i, c := range name {
		switch {
		case c == '\\' || c >= 0x80:
			return true
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		small[i] = c
	}
	spelled, known := quickNames[string(small[:len(name)])]
	return known && spelled != string(name)
}

// list reads a list, or null.
func (q *quick) list(read func(i int)) {
	if q.null() {
		return
	}
	if !q.Take('[') {
		q.odd = true
		return
	}
	for i := 0; !q.odd && q.Space() != ']'; i++ {
		if i > 0 {
			q.odd = !q.Take(',')
			q.Space()
		}
		read(i)
	}
	q.Take(']')
}

// scalar is the text of a string, a number, true, false or null; nil: it is
// neither.
func (q *quick) scalar() []byte {
	s, ok := q.Scalar()
	if !ok {
		q.odd = true
		return nil
	}
	return s
}

// skip walks over a value that is not needed.
func (q *quick) skip() { q.odd = q.odd || !q.Value() }

func (q *quick) null() bool { return q.Peek() == 'n' && q.scalar() != nil }

// string reads a string. null leaves what is there.
func (q *quick) string(to *string) {
	switch s := q.scalar(); {
	case s == nil || s[0] == 'n':
	case s[0] == '"':
		*to = q.text(s)
	default:
		q.odd = true
	}
}

// text decodes a string.
func (q *quick) text(quoted []byte) string {
	raw := quoted[1 : len(quoted)-1]
	if len(raw) > 32 || bytes.IndexByte(raw, '\\') >= 0 {
		return jsonscan.String(quoted)
	}
	for _, known := range q.recent {
		if known == string(raw) {
			return known
		}
	}
	s := jsonscan.String(quoted)
	q.recent[q.next] = s
	q.next = (q.next + 1) % len(q.recent)
	return s
}

func (q *quick) int(to *int64) {
	s := q.scalar()
	if s == nil || s[0] == 'n' {
		return
	}
	var n int64
	for _, c := range s {
		if c -= '0'; c > 9 || len(s) > 18 {
			n, err := strconv.ParseInt(string(s), 10, 64)
			*to, q.odd = n, q.odd || err != nil
			return
		}
		n = 10*n + int64(c) // nearly all are few digits, and nothing else
	}
	*to = n
}

// natural reads a number that is not negative.
func (q *quick) natural(to *int64) {
	q.int(to)
	q.odd = q.odd || *to < 0
}

func (q *quick) float(to *float64) {
	s := q.scalar()
	if s == nil || s[0] == 'n' {
		return
	}
	if !bytes.Equal(s, q.durationText) {
		f, err := strconv.ParseFloat(string(s), 64)
		q.duration, q.durationText, q.odd = f, s, q.odd || err != nil
	}
	*to = q.duration
}

// decode reads what is rare.
func (q *quick) decode(to any) {
	from := q.Pos()
	q.odd = q.odd || !q.Value() || json.Unmarshal(q.Since(from), to) != nil
}

func (q *quick) metaData(to **event.MediaMetaData) {
	if q.null() {
		return
	}
	d := new(event.MediaMetaData)
	q.object(func(name []byte) bool {
		switch string(name) {
		case "Size":
			q.int(&d.Size)
		case "Duration":
			q.float(&d.Duration)
		case "Width":
			q.int(&d.Width)
		case "Height":
			q.int(&d.Height)
		case "Md5":
			q.string(&d.Md5)
		default:
			return false
		}
		return true
	})
	*to = d
}

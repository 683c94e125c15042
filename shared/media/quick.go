package media

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/event"
	"vodevents/shared/internal/jsonscan"
)

// quickProcedure reads a payload of ProcedureStateChanged. It is the most frequent kind
// and the largest. quickProcedure does what [event.Event.Decode] does, without
// reflection and only for the members that a media needs. It returns false if the
// payload is odd; Decode handles that. What it reads stands in the memory.
func quickProcedure(e *event.Event, in *Memory) bool {
	if e.Type != "ProcedureStateChanged" || e.Field != "ProcedureStateChangeEvent" {
		return false
	}
	q := quick{Scanner: jsonscan.New(e.Payload), shapes: &in.shapes}
	q.Space()
	p := &in.procedure
	q.object(&q.shapes.procedure, func(name []byte) bool {
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
				in.told = append(in.told, toldResult{index: i})
				if last := len(in.told) - 1; !q.result(&in.told[last]) {
					in.told = in.told[:last]
				}
			})
		case "AiContentReviewResultSet":
			q.decode(&p.AiContentReviewResultSet)
		default:
			return false
		}
		return true
	})
	return !q.odd
}

// quick reads values where a Scanner stands.
type quick struct {
	*jsonscan.Scanner
	odd    bool // something is not as VOD sends it
	shapes *shapes
	member *opening // of the value that is read

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

// shape is how objects of one kind begin their members: VOD writes the same names in
// the same order each time. What stands there need not be looked at again.
type shape []opening

// opening is a member up to its value, such as ,"Url":
type opening struct {
	text, name []byte

	// said is a short string that was its value, without escapes. Nearly all members of
	// the results, such as Status, say the same each time.
	said string
}

// shapes are those of all kinds, as they were last.
type shapes struct{ procedure, metaData, element, subtask, input, output, stream shape }

// An object is odd if it has more members than this, or a longer opening, and strings
// of more than maxSaid bytes are not kept. That bounds what is kept.
const maxShape, maxOpening, maxSaid = 40, 80, 32

// object reads an object, or null. read reads the value of a member, and returns
// false for a name that it does not know.
func (q *quick) object(seen *shape, read func(name []byte) bool) {
	if q.null() {
		return
	}
	for i := 0; !q.odd; i++ {
		if (i >= len(*seen) || !q.Literal((*seen)[i].text)) && !q.opening(seen, i) {
			break
		}
		q.member = &(*seen)[i]
		if !read(q.member.name) {
			q.skip()
		}
	}
	q.odd = q.odd || !q.Take('}')
}

// opening walks to the value of the i-th member, which begins otherwise than the shape
// has it. From here on the shape is that of this object. It returns false at the object's
// end, and at what only Decode knows to read: a name in another case or that came twice.
func (q *quick) opening(seen *shape, i int) bool {
	from := q.Pos()
	if i == 0 && (!q.Take('{') || q.Space() == '}') || i > 0 && !q.Comma() {
		return false
	}
	quoted, ok := q.Name()
	text := q.Since(from)
	if !ok || i == maxShape || len(text) > maxOpening {
		q.odd = true
		return false
	}
	name := bytes.Clone(quoted[1 : len(quoted)-1])
	twice := slices.ContainsFunc((*seen)[:i], func(earlier opening) bool { return bytes.Equal(earlier.name, name) })
	if twice || respelled(name) {
		q.odd = true
		return false
	}
	*seen = append((*seen)[:i], opening{text: bytes.Clone(text), name: name})
	return true
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
	if q.Quoted(q.member.said) {
		*to = q.member.said
		return
	}
	switch s := q.scalar(); {
	case s == nil || s[0] == 'n':
	case s[0] == '"':
		*to = jsonscan.String(s)
		if raw := s[1 : len(s)-1]; len(raw) <= maxSaid && string(raw) == *to {
			q.member.said = *to
		}
	default:
		q.odd = true
	}
}

func (q *quick) int(to *int64) {
	n, ok := q.Digits()
	if ok {
		*to = n // nearly all are few digits, and nothing else
		return
	}
	s := q.scalar()
	if s == nil || s[0] == 'n' {
		return
	}
	n, err := strconv.ParseInt(string(s), 10, 64)
	*to, q.odd = n, q.odd || err != nil
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
	q.object(&q.shapes.metaData, func(name []byte) bool {
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

package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"vodevents/shared/internal/jsonscan"
)

// repeats tells whether two different events may have the same payload: a status
// that comes back, a second restore, or parts of a file that were deleted, made
// again and deleted again.
func repeats(eventType string, ids jsonscan.Ids, b []byte) bool {
	switch eventType {
	case "MediaCastStatusChanged", "RestoreMediaComplete", "PersistenceComplete", "ProcessImageAsyncCompleteEvent":
		return true
	case "FileDeleted":
		return deletesParts(ids.Deleted.Of(b))
	}
	return false
}

// deletesParts tells whether a FileDeleteResultInfo names a file of which only
// parts were deleted (266/33952). If the whole file was deleted, DeleteParts is
// missing or empty.
func deletesParts(infos []byte) (parts bool) {
	jsonscan.New(infos).Elements(func(info jsonscan.Text) {
		m := findMember(info.Members, "DeleteParts")
		if m == nil {
			return
		}
		s := jsonscan.New(m.Value.Of(info.Bytes))
		empty := s.Take('[') && s.Space() == ']'
		parts = parts || !empty
	})
	return parts
}

// identify sets ID: the SHA-256, cut to 16 bytes, of the type, a newline, and the
// payload without white space, or all of data if there is no payload. If equal
// bytes can be two events, it adds the handle, or the T of a signed callback, and
// sets PayloadID. Without either it adds the time of receipt, and the ID is not
// stable.
func (e *Event) identify(payload *jsonscan.Member) {
	h := sha256.New()
	buf := make([]byte, 0, 128)
	h.Write(append(append(buf, e.Type...), '\n'))
	h.Write(e.identity(payload))
	if payload == nil || repeats(e.Type, payload.Ids, e.text.Bytes) {
		e.PayloadID = hex.EncodeToString(h.Sum(buf[:0])[:16])
		buf = append(buf[:0], '\n')
		switch {
		case e.Handle != "":
			buf = append(buf, e.Handle...)
		case e.Sign != "" && e.T != "":
			buf = append(buf, e.T...)
		default:
			e.StableID = false
			buf = strconv.AppendInt(buf, e.Received.UnixNano(), 10)
		}
		h.Write(buf)
	}
	e.ID = hex.EncodeToString(h.Sum(buf[:0])[:16])
}

// identity returns the bytes that tell an event from others: the payload as it was
// received, without white space.
func (e *Event) identity(payload *jsonscan.Member) []byte {
	var b []byte
	switch {
	case payload != nil && !payload.Space:
		return e.Payload
	case payload != nil:
		b = e.Payload
	case e.text.Valid, !e.text.UTF8:
		b = e.appendExact(nil)
	default:
		b = e.AppendData(nil)
	}
	if !e.text.Valid {
		return b
	}
	return jsonscan.Compact(make([]byte, 0, len(b)), b)
}

package postgres

import (
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// texts are the values of a column of type text for several rows. documents are
// those of one of type jsonb; nil is NULL.
//
// pgx would append one value after the other to a buffer that grows by a quarter at
// a time, and so make garbage of five times the bytes that it sends. A batch of 16
// events has 80 kB of them, and twice that with the state of media.
type (
	texts     []string
	documents []json.RawMessage
)

// leading are the first texts of a statement. They make room for all.
type leading struct {
	texts
	room int // bytes of the arrays that follow
}

// reserve has the first argument, which is texts, make room for all.
func reserve(args []any) []any {
	first := leading{texts: args[0].(texts)}
	for _, a := range args[1:] {
		switch values := a.(type) {
		case texts:
			first.room += values.size()
		case documents:
			first.room += values.size()
		default:
			first.room += 32 * len(first.texts) // numbers, times, and texts of parked events
		}
	}
	args[0] = first
	return args
}

// size is the length of the array on its way, in bytes.
func (t texts) size() int {
	n := headerSize
	for _, v := range t {
		n += 4 + len(v)
	}
	return n
}

func (d documents) size() int {
	n := headerSize
	for _, v := range d {
		n += 5 + len(v)
	}
	return n
}

// texts and documents implement [pgtype.ArrayGetter] for modes without prepared
// statements, which send arrays as text.

func (t texts) Dimensions() []pgtype.ArrayDimension     { return dimensions(len(t)) }
func (d documents) Dimensions() []pgtype.ArrayDimension { return dimensions(len(d)) }

func (t texts) Index(i int) any     { return t[i] }
func (d documents) Index(i int) any { return d[i] }

func (texts) IndexType() any     { return "" }
func (documents) IndexType() any { return json.RawMessage(nil) }

func dimensions(n int) []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(n), LowerBound: 1}}
}

// arrayCodec is pgx's own, but for texts and documents: these go into a buffer that
// has grown once.
type arrayCodec struct{ *pgtype.ArrayCodec }

// registerArrays has a connection know texts and documents.
func registerArrays(m *pgtype.Map) {
	for _, name := range []string{"text", "jsonb"} {
		element, _ := m.TypeForName(name) // pgx knows both
		array, _ := m.TypeForName("_" + name)
		m.RegisterType(&pgtype.Type{Name: array.Name, OID: array.OID, Codec: arrayCodec{&pgtype.ArrayCodec{ElementType: element}}})
	}
	m.RegisterDefaultPgType(texts(nil), "_text")
	m.RegisterDefaultPgType(leading{}, "_text")
	m.RegisterDefaultPgType(documents(nil), "_jsonb")
}

// PlanEncode implements [pgtype.Codec].
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case leading, texts, documents:
			return arrayPlan{c.ElementType.OID}
		}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// arrayPlan writes arrays of one dimension as array_recv and jsonb_recv of the
// server read them.
type arrayPlan struct{ element uint32 }

// Encode implements [pgtype.EncodePlan].
func (p arrayPlan) Encode(value any, buf []byte) ([]byte, error) {
	if first, ok := value.(leading); ok {
		buf = slices.Grow(buf, first.size()+first.room)
		value = first.texts
	}
	switch values := value.(type) {
	case texts:
		buf = p.header(slices.Grow(buf, values.size()), len(values))
		for _, v := range values {
			buf = append(appendInts(buf, uint32(len(v))), v...)
		}
	case documents:
		const version = 1 // of jsonb
		buf = p.header(slices.Grow(buf, values.size()), len(values))
		for _, v := range values {
			if v == nil {
				buf = appendInts(buf, ^uint32(0))
				continue
			}
			buf = append(append(appendInts(buf, uint32(1+len(v))), version), v...)
		}
	}
	return buf, nil
}

const headerSize = 20

// header begins an array of n values, any of which may be NULL.
func (p arrayPlan) header(buf []byte, n int) []byte {
	if n == 0 {
		return appendInts(buf, 0, 1, p.element)
	}
	return appendInts(buf, 1, 1, p.element, uint32(n), 1) // one dimension, and its bounds
}

func appendInts(buf []byte, ints ...uint32) []byte {
	for _, n := range ints {
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	return buf
}

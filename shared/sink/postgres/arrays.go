package postgres

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// A column is the values of a column for several rows. pgx would append them one
// after the other, by reflection, to a buffer that grows by a quarter at a time, and so
// make garbage of five times the bytes that it sends. A batch of 16 events has 80 kB of
// them, and three times that with the state of media.
type column interface {
	pgtype.ArrayGetter
	size() int                // of the values on their way, in bytes
	appendTo(b []byte) []byte // appends the values as the server reads them
}

type (
	texts     []string          // of type text
	documents []json.RawMessage // of type jsonb; nil is NULL
	integers  []int64           // of type bigint
	floats    []float64         // of type double precision
	moments   []time.Time       // of type timestamptz; the zero time is NULL
)

func (t texts) size() (n int) {
	for _, v := range t {
		n += 4 + len(v)
	}
	return n
}

func (d documents) size() (n int) {
	for _, v := range d {
		n += 5 + len(v)
	}
	return n
}

func (n integers) size() int { return 12 * len(n) }
func (f floats) size() int   { return 12 * len(f) }
func (m moments) size() int  { return 12 * len(m) }

func (t texts) appendTo(b []byte) []byte {
	for _, v := range t {
		b = append(appendInt(b, uint32(len(v))), v...)
	}
	return b
}

func (d documents) appendTo(b []byte) []byte {
	const version = 1 // of jsonb
	for _, v := range d {
		if v == nil {
			b = appendInt(b, null)
			continue
		}
		b = append(append(appendInt(b, uint32(1+len(v))), version), v...)
	}
	return b
}

func (n integers) appendTo(b []byte) []byte {
	for _, v := range n {
		b = binary.BigEndian.AppendUint64(appendInt(b, 8), uint64(v))
	}
	return b
}

func (f floats) appendTo(b []byte) []byte {
	for _, v := range f {
		b = binary.BigEndian.AppendUint64(appendInt(b, 8), math.Float64bits(v))
	}
	return b
}

func (m moments) appendTo(b []byte) []byte {
	const year2000 = 946684800 * 1e6 // µs; the server counts from then on
	for _, v := range m {
		if v.IsZero() {
			b = appendInt(b, null)
			continue
		}
		b = binary.BigEndian.AppendUint64(appendInt(b, 8), uint64(v.UnixMicro()-year2000))
	}
	return b
}

// null is the length of NULL.
const null = ^uint32(0)

// Columns implement [pgtype.ArrayGetter] for modes without prepared statements, which
// send arrays as text.

func (t texts) Dimensions() []pgtype.ArrayDimension     { return dimensions(len(t)) }
func (d documents) Dimensions() []pgtype.ArrayDimension { return dimensions(len(d)) }
func (n integers) Dimensions() []pgtype.ArrayDimension  { return dimensions(len(n)) }
func (f floats) Dimensions() []pgtype.ArrayDimension    { return dimensions(len(f)) }
func (m moments) Dimensions() []pgtype.ArrayDimension   { return dimensions(len(m)) }

func (t texts) Index(i int) any     { return t[i] }
func (d documents) Index(i int) any { return d[i] }
func (n integers) Index(i int) any  { return n[i] }
func (f floats) Index(i int) any    { return f[i] }

func (m moments) Index(i int) any {
	if m[i].IsZero() {
		return nil
	}
	return m[i]
}

func (texts) IndexType() any     { return "" }
func (documents) IndexType() any { return json.RawMessage(nil) }
func (integers) IndexType() any  { return int64(0) }
func (floats) IndexType() any    { return float64(0) }
func (moments) IndexType() any   { return time.Time{} }

func dimensions(n int) []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(n), LowerBound: 1}}
}

// arrayCodec is pgx's own, but for columns: these go into a buffer that has grown once.
type arrayCodec struct{ *pgtype.ArrayCodec }

// registerArrays has a connection know columns.
func registerArrays(m *pgtype.Map) {
	for name, value := range map[string]column{"text": texts(nil), "jsonb": documents(nil), "int8": integers(nil), "float8": floats(nil), "timestamptz": moments(nil)} {
		element, _ := m.TypeForName(name) // pgx knows them
		array, _ := m.TypeForName("_" + name)
		m.RegisterType(&pgtype.Type{Name: array.Name, OID: array.OID, Codec: arrayCodec{&pgtype.ArrayCodec{ElementType: element}}})
		m.RegisterDefaultPgType(value, array.Name)
	}
	m.RegisterDefaultPgType(leading{}, "_text")
}

// PlanEncode implements [pgtype.Codec].
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		if _, ok := value.(column); ok {
			return arrayPlan{c.ElementType.OID}
		}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// arrayPlan writes arrays of one dimension as array_recv of the server reads them.
type arrayPlan struct{ element uint32 }

// Encode implements [pgtype.EncodePlan].
func (p arrayPlan) Encode(value any, buf []byte) ([]byte, error) {
	if first, ok := value.(leading); ok {
		buf = first.moved(buf)
	}
	values := value.(column)
	buf = slices.Grow(buf, headerSize+values.size())
	return values.appendTo(p.header(buf, values.Dimensions()[0].Length)), nil
}

const headerSize = 20

// header begins an array of n values, any of which may be NULL.
func (p arrayPlan) header(buf []byte, n int32) []byte {
	if n == 0 {
		return appendInt(appendInt(appendInt(buf, 0), 1), p.element)
	}
	buf = appendInt(appendInt(appendInt(buf, 1), 1), p.element)
	return appendInt(appendInt(buf, uint32(n)), 1) // one dimension, and its bounds
}

func appendInt(b []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(b, n) }

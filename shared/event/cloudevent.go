package event

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	typePrefix = "com.tencent.cloud.vod."
	source     = "/tencentcloud/vod"
)

// CloudEventType is the CloudEvents attribute type.
func (e *Event) CloudEventType() string { return typePrefix + e.Type }

// Source is the CloudEvents attribute source. It ends with the SubAppId if that is
// known.
func (e *Event) Source() string {
	if e.SubAppId == 0 {
		return source
	}
	return source + "/" + strconv.FormatUint(e.SubAppId, 10)
}

// AppendCloudEvent appends the event as one CloudEvents 1.0 JSON object. The bytes
// of data are VOD's own, so they may contain line breaks between tokens.
func (e *Event) AppendCloudEvent(dst []byte) []byte {
	dst = append(dst, `{"specversion":"1.0","id":"`...)
	dst = append(dst, e.ID...)
	dst = append(dst, `","source":"`+source...)
	if e.SubAppId != 0 {
		dst = append(dst, '/')
		dst = strconv.AppendUint(dst, e.SubAppId, 10)
	}
	dst = append(dst, `","type":`...)
	dst = appendString(dst, typePrefix, e.Type)
	if e.Subject != "" {
		dst = append(dst, `,"subject":`...)
		dst = appendString(dst, "", e.Subject)
	}
	dst = append(dst, `,"time":"`...)
	dst = e.Received.UTC().Truncate(time.Millisecond).AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","datacontenttype":"application/json"`...)
	if e.SchemaBase != "" && e.hasSchema() {
		dst = append(dst, `,"dataschema":`...)
		dst = appendString(dst, e.SchemaBase, schemaFile(e.Type))
	}
	dst = append(dst, `,"vodmode":"`...)
	dst = append(dst, e.Mode...)
	dst = append(dst, '"')
	if e.Verified != nil {
		dst = append(dst, `,"vodverified":`...)
		dst = strconv.AppendBool(dst, *e.Verified)
	}
	if p := e.Parking; p != nil {
		dst = append(dst, `,"parkreason":`...)
		dst = appendString(dst, "", p.Reason)
		dst = append(dst, `,"parkattempts":`...)
		dst = strconv.AppendInt(dst, int64(p.Attempts), 10)
		dst = append(dst, `,"parkfirsterror":`...)
		dst = appendString(dst, "", printable(p.FirstError))
		dst = append(dst, `,"parklasterror":`...)
		dst = appendString(dst, "", printable(p.LastError))
	}
	if raw := e.RawData(); raw != nil {
		dst = append(dst, `,"rawdata":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, raw)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"data":`...)
	dst = e.AppendData(dst)
	return append(dst, '}')
}

// hasSchema tells whether there is a schema for data: the event has the EventType
// of a known kind, and its payload is in the member of that kind.
func (e *Event) hasSchema() bool {
	k := kindOf(e.Type)
	named := findMember(e.keep, "EventType") != nil
	return k != nil && named && e.Field != "" && (e.Field == k.Field || e.Field == k.Also)
}

func schemaFile(eventType string) string { return "/" + eventType + ".json" }

// printable returns s without control characters, such as the line breaks of a
// joined error. CloudEvents does not allow them in attributes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// appendString appends prefix and s as one JSON string.
func appendString(dst []byte, prefix, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(prefix + s)
			if err != nil {
				panic(err) // a string always marshals
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, prefix...)
	dst = append(dst, s...)
	return append(dst, '"')
}

// ErrNotCloudEvent means that a line is not a CloudEvent of this project.
var ErrNotCloudEvent = errors.New("event: not a CloudEvent of Tencent Cloud VOD")

// cloudEvent is the JSON object of a CloudEvent.
type cloudEvent struct {
	SpecVersion    string
	Id             string
	Source         string
	Type           string
	Time           time.Time
	DataSchema     string
	VodMode        Mode
	VodVerified    *bool
	ParkReason     string
	ParkAttempts   int
	ParkFirstError string
	ParkLastError  string
	RawData        []byte // base64
	Data           json.RawMessage
}

// ParseCloudEvent reads what [Event.AppendCloudEvent] wrote, with the id, the
// time and the parking it had, so that it can be delivered again. The handle is
// gone: it is long confirmed. Other CloudEvents are [ErrNotCloudEvent], and so is
// one whose id or vodmode this project does not write: they go on as they are.
func ParseCloudEvent(b []byte) (*Event, error) {
	var c cloudEvent
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCloudEvent, err)
	}
	o, err := c.origin()
	if err != nil {
		return nil, err
	}
	data := []byte(c.Data)
	if c.RawData != nil {
		data = c.RawData
	}
	eventType := strings.TrimPrefix(c.Type, typePrefix)
	e, err := Parse(data, o)
	switch {
	case eventType == TypeMediaRead && e.text.Valid && e.keep != nil: // VOD sends no such event: it has no EventType
	case err != nil && eventType != TypeUnparsed:
		return nil, fmt.Errorf("%w: data: %w", ErrNotCloudEvent, err)
	}
	e.Type, e.Handle, e.Verified = eventType, "", c.VodVerified
	if base, ours := strings.CutSuffix(c.DataSchema, schemaFile(eventType)); ours {
		e.SchemaBase = base
	}
	// Keep the id: it cannot be made again, because it may depend on the handle,
	// T or the time.
	e.ID, e.StableID = c.Id, true
	if c.ParkReason != "" {
		e.Parking = &Parking{c.ParkReason, c.ParkAttempts, c.ParkFirstError, c.ParkLastError}
	}
	return e, nil
}

// origin checks the attributes and returns what they tell of the origin.
func (c *cloudEvent) origin() (Origin, error) {
	o := Origin{Mode: c.VodMode, Received: c.Time}
	app, ours := strings.CutPrefix(c.Source, source)
	if !ours || !strings.HasPrefix(c.Type, typePrefix) || c.SpecVersion != "1.0" || len(c.Data) == 0 {
		return o, fmt.Errorf("%w: specversion %q, type %q, source %q", ErrNotCloudEvent, c.SpecVersion, c.Type, c.Source)
	}
	if app != "" {
		var err error
		if o.SubAppId, err = strconv.ParseUint(strings.TrimPrefix(app, "/"), 10, 64); err != nil || o.SubAppId == 0 || app[0] != '/' {
			return o, fmt.Errorf("%w: source %q", ErrNotCloudEvent, c.Source)
		}
	}
	if !isID(c.Id) {
		return o, fmt.Errorf("%w: id %q is not 32 hex digits", ErrNotCloudEvent, c.Id)
	}
	switch c.VodMode {
	case Normal, Reliable, Reconciled:
	default:
		return o, fmt.Errorf("%w: vodmode %q", ErrNotCloudEvent, c.VodMode)
	}
	if year := c.Time.UTC().Year(); year < 1 || year > 9999 {
		return o, fmt.Errorf("%w: time %v", ErrNotCloudEvent, c.Time)
	}
	return o, nil
}

// isID tells whether s is what [Event.ID] can be.
func isID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

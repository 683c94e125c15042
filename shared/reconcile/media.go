package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
)

// results are the blocks that list what processing made.
var results = []string{
	vod.TranscodeInfo, vod.AdaptiveDynamicStreamingInfo, vod.SnapshotByTimeOffsetInfo,
	vod.SampleSnapshotInfo, vod.ImageSpriteInfo, vod.AnimatedGraphicsInfo,
}

// asked are the blocks of a re-read.
var asked = append([]string{vod.BasicInfo, vod.MetaData, vod.MiniProgramReviewInfo, vod.ReviewInfo}, results...)

// With a wrong SubAppId every file is missing. A run that finds more missing files
// than these stops before it calls one deleted.
const (
	mostMissing    = 20
	missingShare   = 0.2
	leastToSuspect = 2
)

// media checks the files of all rows that are not deleted and have not changed for an
// hour. It stops at the last row or when the time is over.
func (r *Run) media(ctx context.Context, before time.Time) error {
	source := r.source()
	f := stored.MediaFilter{NotDeleted: true, OfVOD: true, After: r.At.Media}
	if f.After == (stored.MediaKey{}) {
		f.After = stored.MediaKey{Source: source}
	}
	var missing []stored.Media
	found := r.At.Found
	for {
		page, err := r.Tables.Media(ctx, f, vod.MaxFileIds)
		if err != nil {
			return err
		}
		var rows []stored.Media
		last := len(page) == 0
		for _, m := range page {
			last = last || m.Source != source // sources come one after the other
			if m.Source == source && m.UpdatedAt.Before(before) {
				rows = append(rows, m)
			}
			f.After = m.Key()
		}
		gone, err := r.compare(ctx, rows)
		if err != nil {
			return err
		}
		missing = append(missing, gone...)
		found += len(rows) - len(gone)
		r.counts.Media += len(rows)
		r.step("media", r.counts.Media)
		if last {
			return r.missing(ctx, missing, found)
		}
		if err := r.deliver(ctx, 1); err != nil {
			return err
		}
		r.counts.Unfinished = !r.Until.IsZero() && !time.Now().Before(r.Until)
		if r.counts.Unfinished {
			err = r.missing(ctx, missing, found)
			missing = nil
		}
		if err == nil && len(missing) == 0 {
			err = r.keep(Place{Until: r.At.Until, Media: f.After, Found: min(found, mostMissing)})
		}
		if err != nil || r.counts.Unfinished {
			return err
		}
	}
}

// missing reports the files that are not there, unless there are too many of them.
// Then the next run begins with the first media again.
func (r *Run) missing(ctx context.Context, missing []stored.Media, found int) error {
	if n := len(missing); n >= leastToSuspect && found == 0 || n > mostMissing && float64(n) > missingShare*float64(n+found) {
		err := fmt.Errorf("reconcile: %d of %d files are not in the application %d: check VOD_SUB_APP_IDS and the account; no media was called deleted", n, n+found, r.SubAppId)
		return errors.Join(err, r.keep(Place{Until: r.At.Until}))
	}
	for _, m := range missing {
		if err := r.gone(ctx, m); err != nil {
			return err
		}
	}
	return r.deliver(ctx, 1)
}

// compare reads files again. It reports those that differ and returns those that
// are not there.
func (r *Run) compare(ctx context.Context, rows []stored.Media) (gone []stored.Media, err error) {
	ids := make([]string, len(rows))
	for i, m := range rows {
		ids[i] = m.FileId
	}
	files, missing, err := r.Client.DescribeMediaInfos(ctx, r.SubAppId, ids, asked...)
	if err != nil {
		return nil, err
	}
	for i := range files {
		if files[i].Info, err = withResults(files[i].Info); err != nil {
			return nil, fmt.Errorf("reconcile: file %s: %w", files[i].FileId, err)
		}
	}
	for _, m := range rows {
		i := slices.IndexFunc(files, func(f vod.Media) bool { return f.FileId == m.FileId })
		switch {
		case i >= 0:
			what, err := r.differs(ctx, m, files[i])
			if err != nil {
				return nil, err
			}
			if what == "" {
				continue
			}
			if err := r.reread(ctx, Finding{Kind: Changed, FileId: m.FileId, What: what}, files[i]); err != nil {
				return nil, err
			}
		case slices.Contains(missing, m.FileId):
			gone = append(gone, m)
		}
	}
	return gone, nil
}

// withResults turns each requested block that is null into an empty one. With null VOD
// says that the file has no such results, but elsewhere null means that nobody asked.
func withResults(info []byte) ([]byte, error) {
	var blocks map[string]json.RawMessage
	if err := json.Unmarshal(info, &blocks); err != nil {
		return nil, err
	}
	all := bytes.TrimSuffix(bytes.TrimSpace(info), []byte("}"))
	all = all[:len(all):len(all)]
	for _, filter := range results {
		name := strings.ToUpper(filter[:1]) + filter[1:]
		if block := blocks[name]; block == nil || string(block) == "null" {
			all = fmt.Appendf(all, `,%q:{}`, name)
		}
	}
	return append(all, '}'), nil
}

// differs names the columns that a re-read would change.
func (r *Run) differs(ctx context.Context, m stored.Media, file vod.Media) (string, error) {
	e, err := read(r.SubAppId, file.FileId, file.Info, r.Now)
	if err != nil {
		return "", err
	}
	said := media.Of(e)
	if len(said) != 1 {
		return "", fmt.Errorf("reconcile: file %s: VOD's answer cannot be read", file.FileId)
	}
	now := said[0].Row()
	last, err := r.lastRead(ctx, m.FileId)
	if err != nil {
		return "", err
	}
	if m.MediaUrl == "" && now.MediaUrl == last.MediaUrl {
		now.MediaUrl = "" // a deleted original does not come back
	}
	var names []string
	for _, c := range []struct{ name, had, has string }{
		{"name", m.Name, now.Name}, {"category", m.Category, now.Category}, {"type", m.Type, now.Type},
		{"media_url", m.MediaUrl, now.MediaUrl}, {"storage_class", m.StorageClass, now.StorageClass},
		{"expires_at", instant(m.ExpiresAt), instant(now.ExpiresAt)},
	} {
		if c.has != "" && c.has != c.had { // an empty value changes nothing
			names = append(names, c.name)
		}
	}
	if banned := said[0].Ban.Value; banned != "" && banned != last.Status { // the row has no column for it
		names = append(names, "status "+banned)
	}
	for _, o := range now.Outputs {
		i := slices.IndexFunc(m.Outputs, func(had media.Output) bool { return had.Kind == o.Kind && had.Definition == o.Definition })
		if i < 0 || m.Outputs[i].Url != o.Url {
			names = append(names, fmt.Sprintf("%s %d", o.Kind, o.Definition))
		}
	}
	for _, had := range m.Outputs {
		listed := slices.ContainsFunc(said[0].Listed, func(l media.Listed) bool {
			return l.Kind == had.Kind && !slices.Contains(l.Definitions, had.Definition)
		})
		if had.Url != "" && listed {
			names = append(names, fmt.Sprintf("%s %d is gone", had.Kind, had.Definition))
		}
	}
	return strings.Join(names, ", "), nil
}

// instant is a time for a comparison; a zero one is empty.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// basicInfo is what of BasicInfo the columns do not show.
type basicInfo struct {
	Status   string // Normal or Forbidden
	MediaUrl string
}

// lastRead returns what VOD said of a file when it was asked last. Before that, a file
// counts as Normal.
func (r *Run) lastRead(ctx context.Context, fileId string) (basicInfo, error) {
	last := basicInfo{Status: string(event.MediaNormal)}
	err := r.rows(ctx, stored.Filter{Type: event.TypeMediaRead, Subject: fileId}, func(row stored.Row) {
		read := struct{ BasicInfo basicInfo }{last} // what it leaves out stays
		if row.Mode == string(event.Reconciled) && json.Unmarshal(row.Data, &read) == nil && read.BasicInfo.Status != "" {
			last = read.BasicInfo // rows come in the order of their times
		}
	})
	return last, err
}

// reread reports what VOD says of a file, as a MediaRead.
func (r *Run) reread(ctx context.Context, f Finding, file vod.Media) error {
	e, err := read(r.SubAppId, file.FileId, file.Info, r.Now)
	if err != nil {
		return err
	}
	return r.report(ctx, f, e)
}

// gone reports that a file is missing. VOD does not say since when.
func (r *Run) gone(ctx context.Context, m stored.Media) error {
	data, err := json.Marshal(struct {
		FileId   string
		NotExist bool
	}{m.FileId, true})
	if err != nil {
		return err
	}
	e, err := read(r.SubAppId, m.FileId, data, r.Now)
	if err != nil {
		return err
	}
	f := Finding{Kind: Gone, FileId: m.FileId}
	if !m.ExpiresAt.IsZero() && m.ExpiresAt.Before(r.Now) {
		f.What = "it expired"
	}
	return r.report(ctx, f, e)
}

// read makes a MediaRead. Its time is that of the call. The time is part of the ID,
// because a file can change and change back, and then two reads are alike.
func read(subAppId uint64, fileId string, data []byte, at time.Time) (*event.Event, error) {
	at = at.UTC().Truncate(time.Millisecond)
	origin := event.Event{Origin: event.Origin{SubAppId: subAppId}}
	attributes, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": reconciledID(event.TypeMediaRead, fileId, at.Format(time.RFC3339Nano)), "source": origin.Source(),
		"type": (&event.Event{Type: event.TypeMediaRead}).CloudEventType(), "time": at, "vodmode": event.Reconciled,
	})
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, `%s,"data":%s}`, attributes[:len(attributes)-1], data)
	e, err := event.ParseCloudEvent(text)
	if err != nil {
		return nil, fmt.Errorf("reconcile: file %s: %w", fileId, err)
	}
	e.Subject = fileId
	return e, nil
}

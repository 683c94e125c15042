package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/media"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

var mediaCommand = command{
	name:  "media",
	usage: "[FLAG…] FILEID…",
	about: "show the state of media, with results and events",
	text: `Reads the tables that a postgres:// or mysql:// sink with media=vod_media keeps. The
right to SELECT is enough, and nothing is changed.

A media is known, processing, ready, failed or deleted. It is ready when PlayUrl plays:
an adaptive stream, else the highest transcode, else the original. If a run
fails after a good one, the media still plays, and its error is shown.

With -o json it prints a list with an element for each media: the columns of vod_media,
outputs as in vod_media_output, and events, the ids.

  vodctl media 5285890784273533167
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		from := fs.String("from", "env", fromHelp)
		output := outputFlag(fs)
		return func(ctx context.Context, ids []string) error {
			if len(ids) == 0 {
				return misuse("media: which? Give one FileId or more; `vodctl media list` lists them")
			}
			return p.media(ctx, *from, ids, *output)
		}
	},
}

var mediaListCommand = command{
	name:  "media list",
	usage: "[FLAG…]",
	about: "list media by their state",
	text: `Prints one media a line: FileId, state, when the row changed last, name, and the error
if there is one. With -o json it prints a list of the rows of vod_media with their
outputs.

  vodctl media list -state failed -since 24h
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		from := fs.String("from", "env", fromHelp)
		state := fs.String("state", "", "only `state` known, processing, ready, failed or deleted")
		var since moment
		fs.Var(&since, "since", "only media whose row changed at this `time` or later: "+momentHelp)
		limit := fs.Int("limit", 0, "at most `n` media; 0: all")
		output := outputFlag(fs)
		return func(ctx context.Context, args []string) error {
			states := []media.State{"", media.Known, media.Processing, media.Ready, media.Failed, media.Deleted}
			switch {
			case len(args) > 0:
				return misuse("media list takes flags only, not %q", args[0])
			case !slices.Contains(states, media.State(*state)):
				return misuse("media list: -state must be known, processing, ready, failed or deleted, not %q", *state)
			case *limit < 0:
				return misuse("-limit must not be below 0")
			}
			f := stored.MediaFilter{State: media.State(*state), Since: since.Time}
			return p.mediaList(ctx, *from, f, *limit, *output)
		}
	},
}

// shownMedia is a media with the events it was made from.
type shownMedia struct {
	stored.Media
	Events []string `json:"events"`
}

func (p *program) media(ctx context.Context, from string, ids []string, output format) error {
	t, err := openFrom(p, from, sink.OpenMedia)
	if err != nil {
		return err
	}
	defer t.Close()
	missing := slices.Clone(ids)
	found := []shownMedia{}
	f := stored.MediaFilter{FileIds: ids}
	for {
		page, err := within(ctx, func(ctx context.Context) ([]stored.Media, error) { return t.Media(ctx, f, redeliver.PageSize) })
		if err != nil {
			return err
		}
		for _, m := range page {
			events, err := within(ctx, func(ctx context.Context) ([]string, error) { return t.EventsOf(ctx, m.Key()) })
			if err != nil {
				return err
			}
			found = append(found, shownMedia{m, events})
			missing = slices.DeleteFunc(missing, func(id string) bool { return id == m.FileId })
			f.After = m.Key()
		}
		if len(page) == 0 {
			break
		}
	}
	if output == "json" {
		if err := p.printJSON(found); err != nil {
			return err
		}
	} else {
		for _, m := range found {
			if err := p.mediaPage(ctx, t, m); err != nil {
				return err
			}
		}
	}
	for _, id := range missing {
		p.say("%s: no event was about it; nothing is in %s", id, t)
	}
	return count(len(missing), len(ids), "%d of %d media were not found", len(missing), len(ids))
}

// mediaPage prints all that is known of a media.
func (p *program) mediaPage(ctx context.Context, t sink.MediaTable, m shownMedia) error {
	if err := p.print("%s is %s\n", m.FileId, m.State); err != nil {
		return err
	}
	for _, line := range [][2]string{
		{"source", m.Source}, {"name", m.Name}, {"category", m.Category}, {"type", m.Type},
		{"media_url", m.MediaUrl}, {"play_url", m.PlayUrl}, {"cover_url", m.CoverUrl},
		{"size", number(m.Size)}, {"duration", seconds(m.Duration)}, {"picture", picture(m.Width, m.Height)},
		{"review", strings.TrimSpace(string(m.Review) + " " + m.ReviewLabel)}, {"error", m.Error},
		{"source_context", m.SourceContext}, {"session_context", m.SessionContext},
		{"procedure", strings.TrimSpace(m.ProcedureTaskId + " " + m.ProcedureStatus)}, {"storage_class", m.StorageClass},
		{"created_at", instant(m.CreatedAt)}, {"expires_at", instant(m.ExpiresAt)}, {"deleted_at", instant(m.DeletedAt)}, {"updated_at", instant(m.UpdatedAt)},
	} {
		if line[1] == "" {
			continue
		}
		if err := p.print("  %-16s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	for _, o := range m.Outputs {
		what := strings.Join(strings.Fields(fmt.Sprint(picture(o.Width, o.Height), " ", o.Url, " ", o.Error)), " ")
		if err := p.print("  %s %d %s %s\n", o.Kind, o.Definition, o.Status, what); err != nil {
			return err
		}
	}
	return p.mediaEvents(ctx, t, m.Events)
}

// mediaEvents prints the events that are still in the table.
func (p *program) mediaEvents(ctx context.Context, t sink.MediaTable, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	for page, err := range pages(ctx, t, stored.Filter{IDs: ids}, 0) {
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := p.print("  event %s  %s  %s\n", row.ID, row.Received.UTC().Format(time.RFC3339), row.EventType()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *program) mediaList(ctx context.Context, from string, f stored.MediaFilter, limit int, output format) error {
	t, err := openFrom(p, from, sink.OpenMedia)
	if err != nil {
		return err
	}
	defer t.Close()
	list := jsonList{program: p}
	n := 0
	for limit == 0 || n < limit {
		most := redeliver.PageSize
		if limit > 0 {
			most = min(most, limit-n)
		}
		page, err := within(ctx, func(ctx context.Context) ([]stored.Media, error) { return t.Media(ctx, f, most) })
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			if err := p.mediaLine(&list, m, output); err != nil {
				return err
			}
			n, f.After = n+1, m.Key()
		}
	}
	if output == "json" {
		return list.end()
	}
	p.say("%d media in %s", n, t)
	return nil
}

func (p *program) mediaLine(list *jsonList, m stored.Media, output format) error {
	if output == "json" {
		text, err := indentedJSON("", m)
		if err != nil {
			return err
		}
		return list.add(text)
	}
	failed := ""
	if m.Error != "" {
		failed = "  " + m.Error
	}
	return p.print("%s  %s  %s  %s%s\n", m.FileId, m.State, instant(m.UpdatedAt), m.Name, failed)
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func seconds(s float64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf("%gs", s)
}

func picture(width, height int64) string {
	if width == 0 && height == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", width, height)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

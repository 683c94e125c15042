package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

var triggerCommand = command{
	name:  "trigger",
	usage: "[FLAG…] MEDIA_URL | -file-id ID",
	about: "have the account make events: upload a video and process it",
	text: `Runs the demonstration of VOD's tutorial (266/33949). PullUpload makes VOD fetch the video:
PullComplete comes and, if its switch is ON, NewFileUpload. Then ProcessMedia
transcodes it with template 10 and takes a cover: ProcedureStateChanged comes.
Storage and transcoding cost money, and the video stays in the application.

In mode PULL it waits for the events: it pulls, prints and confirms those of this
demonstration. It leaves others alone; they come again 30 s later. If the function
pull runs as well, it may take the events first: stop it meanwhile (scripts/dev:
-every off), or use -no-wait and look into its log.

In mode PUSH it cannot see what arrives. It starts the upload and says what to look for
at the receiver. PullComplete brings the FileId for the second half: vodctl trigger
-file-id ID. With -no-wait it does the same in mode PULL.

It works on one application. If there are several, name it with -sub-app-id.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		fileId := fs.String("file-id", "", "process the file of this `id` and upload nothing")
		noWait := fs.Bool("no-wait", false, "start it and do not pull")
		timeout := fs.Duration("timeout", 10*time.Minute, "`time` to wait for all events")
		return func(ctx context.Context, args []string) error {
			var mediaURL string
			switch {
			case *fileId == "" && len(args) == 1:
				mediaURL = args[0]
				if _, err := callbackURL(mediaURL); err != nil {
					return misuse("trigger: the media URL: %v", err)
				}
			case *fileId == "" || len(args) > 0:
				return misuse("trigger: give one URL of a video that VOD can fetch, or -file-id")
			}
			a, err := p.connect(vod.NewTransport())
			if err != nil {
				return err
			}
			app, err := a.one()
			if err != nil {
				return err
			}
			config, err := a.DescribeEventConfig(ctx, app)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, *timeout)
			defer cancel()
			d := &demonstration{program: p, account: a, app: app, config: config, start: time.Now(), fileId: *fileId, others: map[string]bool{}}
			d.wait = config.Mode == "PULL" && !*noWait
			return d.run(ctx, mediaURL)
		}
	},
}

// demonstration is one run of trigger.
type demonstration struct {
	*program
	*account
	app    uint64
	config vod.EventConfig
	wait   bool // pull the events and wait for them
	start  time.Time

	upload  string // TaskId of PullUpload
	fileId  string
	process string // TaskId of ProcessMedia

	uploads  map[string]pulled // NewFileUpload by FileId, while ours is not known
	others   map[string]bool   // ids of events that are not ours
	stored   bool              // PullComplete came
	told     bool              // NewFileUpload came
	finished bool              // ProcedureStateChanged came
	failure  string            // what went wrong, as VOD reports it
}

// left says how many events were pulled that are not ours.
func (d *demonstration) left() {
	if n := len(d.others); n > 0 {
		d.say("%d other %s left alone: %s again 30 s later.", n, plural(n, "event was", "events were"), plural(n, "it comes", "they come"))
	}
}

func (d *demonstration) run(ctx context.Context, mediaURL string) (err error) {
	if d.config.Mode == "PUSH" && d.config.NotificationUrl == "" {
		return errors.New("mode is PUSH and there is no URL, so events would go nowhere, and nothing was started: vodctl config set -url URL")
	}
	defer d.left()
	d.print("%s, mode %s\n", appName(d.app), d.config.Mode)
	if d.wait {
		d.say("If the function pull runs meanwhile it may take the events: stop it (scripts/dev: -every off), or say -no-wait.")
	}
	uploadSwitch := d.config.UploadMediaCompleteEventSwitch == "ON"
	if mediaURL != "" {
		d.upload, err = d.PullUpload(ctx, d.app, vod.PullUploadRequest{
			MediaUrl: mediaURL, MediaName: "vodctl trigger", SessionContext: "vodctl trigger", SessionId: "vodctl-" + rand.Text(),
		})
		if err != nil {
			return err
		}
		d.print("PullUpload: task %s\n", d.upload)
		if !uploadSwitch {
			d.say("NewFileUpload will not come: its switch is OFF (vodctl config set -upload on).")
		}
		if !d.wait {
			d.whereToLook()
			d.say("PullComplete with TaskId %s is about it, and has a FileId. With that one:\n  vodctl trigger -file-id FILEID", d.upload)
			return nil
		}
		if err := d.until(ctx, "PullComplete", func() bool { return d.stored }); err != nil {
			return err
		}
	}

	d.process, err = d.ProcessMedia(ctx, d.app, vod.ProcessMediaRequest{
		FileId: d.fileId,
		MediaProcessTask: vod.MediaProcessTaskInput{
			TranscodeTaskSet:       []vod.TranscodeTaskInput{{Definition: 10}},
			CoverBySnapshotTaskSet: []vod.CoverBySnapshotTaskInput{{Definition: 10, PositionType: "Percent", PositionValue: 10}},
		},
		SessionContext: "vodctl trigger", SessionId: "vodctl-" + rand.Text(),
	})
	if err != nil {
		return err
	}
	d.print("ProcessMedia: task %s\n", d.process)
	if !d.wait {
		d.whereToLook()
		d.say("ProcedureStateChanged with TaskId %s is about it.", d.process)
		return nil
	}
	if err := d.until(ctx, "ProcedureStateChanged", func() bool { return d.finished }); err != nil {
		return err
	}
	if uploadSwitch && d.upload != "" {
		if err := d.until(ctx, "NewFileUpload", func() bool { return d.told }); err != nil {
			return err
		}
	}
	d.print("All events came within %s.\n", d.elapsed())
	return nil
}

// whereToLook says where the events can be seen that this program cannot see.
func (d *demonstration) whereToLook() {
	if d.config.Mode == "PULL" {
		d.say("The event stays in the queue for the function pull: look into its log, or its sink.")
		return
	}
	d.say("VOD will post the event to %s, which this program cannot see: look there.", shownURL(d.config.NotificationUrl))
}

// until pulls until done. It ends early if VOD reports a failure.
func (d *demonstration) until(ctx context.Context, what string, done func() bool) error {
	line := d.progress()
	defer line.clear()
	for !done() {
		line.show("waiting for %s for %s", what, d.elapsed())
		events, err := d.pullEvents(ctx, d.app)
		if errors.Is(ctx.Err(), context.Canceled) {
			return fmt.Errorf("interrupted while waiting for %s", what)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s did not come within %s: function pull may have taken it, if it runs; else ask vodctl doctor", what, d.elapsed())
		}
		if err != nil && !errors.Is(err, vod.ErrRetry) {
			return err
		}
		line.clear()
		if err != nil {
			d.say("%v", err)
		}
		own := d.sort(events)
		if err := d.confirmOwn(ctx, own); err != nil {
			return err
		}
		if d.failure != "" {
			return fmt.Errorf("the events came, but VOD failed: %s", d.failure)
		}
		if err != nil || len(own) < len(events) {
			// Other events wait, too, and each pull hides 16 of them.
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// sort picks the events of this demonstration and notes what they say.
func (d *demonstration) sort(events []pulled) (own []pulled) {
	for _, e := range events {
		payload, err := e.Decode()
		if err != nil {
			d.others[e.ID] = true // our events decode
			continue
		}
		switch t := payload.(type) {
		case *event.PullUploadTask:
			if t.TaskId == d.upload {
				d.fileId, d.stored = t.FileId, true
				if t.ErrCode != 0 || t.FileId == "" {
					d.failure = fmt.Sprintf("PullUpload: %d %s", t.ErrCode, t.Message)
				}
				own = append(own, e)
				if early, ok := d.uploads[t.FileId]; ok {
					d.told = true
					own = append(own, early)
					delete(d.others, early.ID)
				}
				continue
			}
		case *event.FileUploadTask:
			if d.fileId != "" && t.FileId == d.fileId {
				d.told = true
				own = append(own, e)
				continue
			}
			if d.uploads == nil {
				d.uploads = map[string]pulled{}
			}
			d.uploads[t.FileId] = e // perhaps ours: PullComplete will tell
		case *event.ProcedureTask:
			if d.process != "" && t.TaskId == d.process {
				d.finished = t.Status == "FINISH"
				d.failure = strings.Join(failedSubTasks(t), "; ")
				own = append(own, e)
				continue
			}
		}
		d.others[e.ID] = true
	}
	return own
}

// failedSubTasks returns the sub-tasks that failed. The ErrCode of the procedure
// itself is deprecated: it may be an error although all went well.
func failedSubTasks(t *event.ProcedureTask) (failed []string) {
	for _, r := range t.MediaProcessResultSet {
		if s := r.TranscodeTask; s != nil && s.ErrCode != 0 {
			failed = append(failed, fmt.Sprintf("%s: %d %s", r.Type, s.ErrCode, s.Message))
		}
		if s := r.CoverBySnapshotTask; s != nil && s.ErrCode != 0 {
			failed = append(failed, fmt.Sprintf("%s: %d %s", r.Type, s.ErrCode, s.Message))
		}
	}
	return failed
}

// confirmOwn prints events and then confirms them. An event whose lease is over comes
// again, and is confirmed then.
func (d *demonstration) confirmOwn(ctx context.Context, own []pulled) error {
	if len(own) == 0 {
		return nil
	}
	var handles []string
	for _, e := range own {
		if err := d.print("%6s  %-21s %s\n", d.elapsed(), e.Type, e.Subject); err != nil {
			return err
		}
		handles = append(handles, e.Handle)
	}
	if err := d.flush(); err != nil {
		return err
	}
	_, err := d.confirm(ctx, d.account, d.app, handles)
	return err
}

func (d *demonstration) elapsed() time.Duration { return time.Since(d.start).Round(time.Second) }

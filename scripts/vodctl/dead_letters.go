package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// maxLine is the longest line that may hold an event, in bytes. The largest
// event seen in the field has 10 kB.
const maxLine = 16 << 20

// located is an event and the line that it was read from.
type located struct {
	*event.Event
	place string
}

// read sends the events of the files in batches.
func (r *replay) read(ctx context.Context, files []string, batches chan<- []located) error {
	var batch []located
	flush := func() {
		if len(batch) > 0 {
			batches <- batch
			batch = nil
		}
	}
	defer flush()
	for _, file := range files {
		err := r.readFile(ctx, file, func(e located) {
			if batch = append(batch, e); len(batch) == vod.MaxEvents {
				flush()
			}
		})
		if err != nil {
			return err
		}
	}
	// Only now is it certain that no more parts will come.
	for place, err := range r.parkings.incomplete() {
		r.breaks(place, err)
	}
	return nil
}

// readFile reads a file and calls take with each event that is asked for.
func (r *replay) readFile(ctx context.Context, file string, take func(located)) error {
	in := r.stdin
	if file == "-" {
		file = "stdin"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		in = f
		if info.Mode().IsRegular() {
			// A file that is also the sink grows while it is read.
			in = io.LimitReader(f, info.Size())
		}
	}
	lines := bufio.NewReaderSize(in, 64<<10)
	var buf []byte
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted at %s:%d", file, n)
		}
		line, tooLong, err := readLine(lines, buf[:0], maxLine)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		buf = line
		r.line(fmt.Sprintf("%s:%d", file, n), line, tooLong, take)
	}
}

// line counts a line and calls take with each of its events that is asked for.
func (r *replay) line(place string, line []byte, tooLong bool, take func(located)) {
	var all []found
	if tooLong {
		all = []found{{err: fmt.Errorf("the line has more than %d MB", maxLine>>20)}}
	} else {
		all = findEvents(line)
	}
	r.mu.Lock()
	r.lines++
	if len(all) == 0 {
		r.others++
	}
	r.mu.Unlock()
	for _, f := range all {
		e, at, err := f.event, place, f.err
		if f.part != nil {
			e, at, err = r.parkings.add(place, f.part)
		}
		switch {
		case err != nil:
			r.breaks(at, err)
		case e == nil: // parts of it are still to come
		case !r.wants(e):
			r.mu.Lock()
			r.filtered++
			r.mu.Unlock()
		default:
			e.Parking = nil // it gets another chance
			take(located{e, at})
		}
	}
}

// breaks counts and reports an event that cannot be read.
func (r *replay) breaks(place string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken++
	r.tell("%s: not replayed: %v", place, err)
}

// readLine reads a line into buf, without its line end. It keeps nothing of a
// line that has more than most bytes. At the end of the input the error is io.EOF.
func readLine(r *bufio.Reader, buf []byte, most int) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong {
			buf = append(buf, part...)
			if len(bytes.TrimSuffix(buf, []byte("\n"))) > most {
				buf, tooLong = buf[:0], true
			}
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(buf, []byte("\n")), tooLong, nil
		case err == bufio.ErrBufferFull:
		case err == io.EOF && (len(buf) > 0 || tooLong):
			return buf, tooLong, nil
		default:
			return buf, tooLong, err
		}
	}
}

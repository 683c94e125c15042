package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/postgres/pgtest"
)

// rebuildEvents is how many events a rebuild is measured with: half are uploads,
// half are procedures with two transcodes.
const rebuildEvents = 200_000

// rebuilt is what vodctl media rebuild costs.
type rebuilt struct {
	perSecond float64
	memory    float64 // MB, the most that was resident (VmHWM)
}

// seedRebuild makes a table of events as the sink does, and rows in it.
const seedRebuild = `CREATE TABLE vod_events (id text COLLATE "C" PRIMARY KEY, type text NOT NULL, subject text, source text NOT NULL, mode text NOT NULL,
	received_at timestamptz NOT NULL, data jsonb, raw bytea, parkreason text, parkattempts integer, parkfirsterror text, parklasterror text, sunk_at timestamptz);
INSERT INTO vod_events (id, type, subject, source, mode, received_at, data, sunk_at)
SELECT md5('u' || i), 'com.tencent.cloud.vod.NewFileUpload', (5285000000000000000 + i)::text, '/tencentcloud/vod', 'reliable', timestamptz '2026-11-20' + i * interval '1 second',
	jsonb_build_object('EventType', 'NewFileUpload', 'FileUploadEvent', jsonb_build_object('FileId', (5285000000000000000 + i)::text,
		'MediaBasicInfo', jsonb_build_object('Name', 'harbor', 'MediaUrl', 'https://media.example.com/' || i || '.mp4'))), now()
FROM generate_series(1, %[1]d) AS i;
INSERT INTO vod_events (id, type, subject, source, mode, received_at, data, sunk_at)
SELECT md5('p' || i), 'com.tencent.cloud.vod.ProcedureStateChanged', (5285000000000000000 + i)::text, '/tencentcloud/vod', 'reliable', timestamptz '2026-11-21' + i * interval '1 second',
	jsonb_build_object('EventType', 'ProcedureStateChanged', 'ProcedureStateChangeEvent', jsonb_build_object('FileId', (5285000000000000000 + i)::text, 'TaskId', 't' || i, 'Status', 'FINISH',
		'MediaProcessResultSet', (SELECT jsonb_agg(jsonb_build_object('Type', 'Transcode', 'TranscodeTask', jsonb_build_object('Status', 'SUCCESS',
			'Input', jsonb_build_object('Definition', d), 'Output', jsonb_build_object('Definition', d, 'Height', 720, 'Size', 31000000, 'Url', 'https://media.example.com/' || i || '/v.f' || d || '.mp4')))) FROM generate_series(100020, 100021) AS d))), now()
FROM generate_series(1, %[1]d) AS i;
CREATE INDEX ON vod_events (received_at);
ANALYZE vod_events`

// rebuild measures vodctl media rebuild of n events.
func rebuild(ctx context.Context, dir string, n int) (rebuilt, error) {
	s, err := pgtest.Run()
	if err != nil {
		return rebuilt{}, err
	}
	defer s.Close()
	c, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return rebuilt{}, err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, fmt.Sprintf(seedRebuild, n/2)); err != nil {
		return rebuilt{}, err
	}
	command := exec.CommandContext(ctx, filepath.Join(dir, "vodctl"), "media", "rebuild")
	command.Env = append(os.Environ(), "SINK="+s.URL+"&media=vod_media")
	begin := time.Now()
	out, memory, err := runPeak(command)
	if err != nil {
		return rebuilt{}, fmt.Errorf("%w: %s", err, out)
	}
	took := time.Since(begin)
	var ready int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM vod_media WHERE state = 'ready' AND play_url LIKE '%v.f%'").Scan(&ready); err != nil {
		return rebuilt{}, err
	}
	if ready != n/2 {
		return rebuilt{}, fmt.Errorf("%d media are ready, want %d", ready, n/2)
	}
	return rebuilt{float64(n) / took.Seconds(), memory}, nil
}

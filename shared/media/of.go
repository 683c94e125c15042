package media

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Of returns what one event says: a Media for each FileId that it is about, in the
// order of the FileIds. It is nil if the event is about no media, is of an unknown
// kind, or has the 2.0 format.
//
// If a payload can be read only in part, that part counts.
func Of(e *event.Event) []Media { return new(Memory).Of(e) }

// reader collects what one event tells.
type reader struct {
	memory *Memory
	event  *event.Event
	at     time.Time
	media  []*Media
	first  []Media // the first of media: most events are about one
}

func (r *reader) read() {
	if r.event.Type == event.TypeMediaRead {
		if r.event.Mode == event.Reconciled { // else it is a stranger's callback
			r.reread(r.event.AppendData(nil))
		}
	} else if !r.quickProcedure() {
		payload, _ := r.event.Decode() // what cannot be read is as if it were not there
		r.payload(payload)
	}
}

// quickProcedure reads what [quickProcedure] can.
func (r *reader) quickProcedure() bool {
	defer r.memory.forget()
	ok := quickProcedure(r.event, r.memory)
	if ok {
		r.procedure(&r.memory.procedure, r.memory.told)
	}
	return ok
}

// all are in the order of the FileIds.
func (r *reader) all() (all []Media) {
	if len(r.media) == 1 {
		return r.first
	}
	slices.SortFunc(r.media, func(a, b *Media) int { return strings.Compare(a.FileId, b.FileId) })
	for _, m := range r.media {
		all = append(all, *m)
	}
	return all
}

// version is that of the i-th thing that the event tells.
func (r *reader) version(rank, i int) Version { return Version{rank, r.at, r.event.ID, i} }

// of is the media with that FileId. Without a FileId it is a media that is dropped.
// Trailing blanks are cut: no FileId has them, and MySQL's keys ignore them.
func (r *reader) of(fileID string) *Media {
	fileID = strings.TrimRight(text(fileID), " ")
	for _, m := range r.media {
		if m.FileId == fileID {
			return m
		}
	}
	one := r.memory.media.Take(1)
	m := &one[0]
	m.Source, m.FileId, m.Last = r.event.Source(), fileID, r.version(rankOwn, 0)
	if fileID == "" || len(fileID) > MaxFileId {
		return m
	}
	if len(r.media) == 0 {
		r.first = one
	}
	r.media = append(r.media, m)
	return m
}

// text is s without NUL, which no database takes.
func text(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

func (r *reader) payload(payload any) {
	switch p := payload.(type) {
	case *event.FileUploadTask:
		m := r.of(p.FileId)
		r.basic(m, p.MediaBasicInfo, 0)
		r.meta(m, p.MetaData, rankOwn, 0)
		r.announce(m, p.ProcedureTaskId, 0)
	case *event.PullUploadTask:
		r.pull(p)
	case *event.ProcedureTask:
		r.procedure(p, processed(r.event.Payload, p))
	case *event.FileDeleteTask:
		r.deleted(p)
	case *event.ReviewAudioVideoTask:
		r.reviewed(p)
	case *event.RestoreMediaTask:
		if m := r.of(p.FileId); p.Status == 0 {
			put(&m.StorageClass, text(string(p.TargetStorageClass)), r.version(rankOwn, 0))
		}
	case *event.WechatPublishTask:
		if m := r.of(p.FileId); p.ErrCode == 0 {
			put(&m.Wechat, Wechat{text(p.WechatStatus), text(p.WechatUrl)}, r.version(rankOwn, 0))
		}
	case *event.WechatMiniProgramPublishTask:
		if m := r.of(p.FileId); p.ErrCode == 0 {
			put(&m.MiniProgram, text(string(p.PublishResult)), r.version(rankOwn, 0))
		}
	case *event.DescribeFileAttributesTask:
		m := r.of(p.FileId)
		put(&m.SessionContext, text(p.SessionContext), r.version(rankOwn, 0))
		if p.ErrCode == 0 && p.ErrCodeExt == "" && p.Output != nil {
			put(&m.Md5, text(p.Output.Md5), r.version(rankOwn, 0))
			put(&m.Sha1, text(p.Output.Sha1), r.version(rankOwn, 0))
		}
	case *event.PersistenceCompleteTask:
		r.of(p.FileId)
	default:
		if !r.results(payload) {
			r.made(payload)
		}
	}
}

func (r *reader) pull(p *event.PullUploadTask) {
	if p.ErrCode != 0 {
		return
	}
	m := r.of(p.FileId)
	info := p.MediaBasicInfo
	if info != nil && info.MediaBasicInfo != nil { // published samples have it one level deeper
		info = info.MediaBasicInfo
	}
	r.basic(m, info, 0)
	if m.MediaUrl.IsZero() {
		put(&m.MediaUrl, text(p.FileUrl), r.version(rankOwn, 0))
	}
	r.meta(m, p.MetaData, rankOwn, 0)
	put(&m.SessionContext, text(p.SessionContext), r.version(rankOwn, 0))
	r.announce(m, p.ProcedureTaskId, 0)
}

// basic reads a MediaBasicInfo, from the i-th place of its list.
func (r *reader) basic(m *Media, b *event.MediaBasicInfo, i int) {
	if b == nil {
		return
	}
	v := r.version(rankOwn, i)
	put(&m.Name, text(b.Name), v)
	put(&m.Category, text(b.Category), v)
	put(&m.Type, text(b.Type), v)
	put(&m.MediaUrl, text(b.MediaUrl), v)
	put(&m.UploadedCover, text(b.CoverUrl), v)
	put(&m.CreatedAt, moment(b.CreateTime), v)
	put(&m.ExpiresAt, moment(b.ExpireTime), v)
	put(&m.StorageClass, text(string(b.StorageClass)), v)
	put(&m.Ban, text(string(b.Status)), v)
	if b.SourceInfo != nil {
		put(&m.SourceContext, text(b.SourceInfo.SourceContext), v)
	}
}

func (r *reader) meta(m *Media, d *event.MediaMetaData, rank, i int) {
	if d == nil {
		return
	}
	v := r.version(rank, i)
	put(&m.Size, d.Size, v)
	put(&m.Duration, d.Duration, v)
	put(&m.Width, d.Width, v)
	put(&m.Height, d.Height, v)
	put(&m.Md5, text(d.Md5), v)
}

// announce notes that an upload began a procedure.
func (r *reader) announce(m *Media, task string, i int) { r.run(m, task, Pending, i) }

func (r *reader) run(m *Media, task, status string, i int) {
	if task == "" || status == "" {
		return
	}
	p := Procedure{text(task), text(status), r.at, r.version(rankOwn, i)}
	m.Procedures = insert(m.Procedures, p, Procedure.place, Procedure.merge)
}

func (r *reader) procedure(p *event.ProcedureTask, results []toldResult) {
	m := r.of(p.FileId)
	v := r.version(rankCopy, 0)
	put(&m.Name, text(p.FileName), v)
	put(&m.MediaUrl, text(p.FileUrl), v)
	r.meta(m, p.MetaData, rankCopy, 0)
	put(&m.SessionContext, text(p.SessionContext), r.version(rankOwn, 0))
	r.run(m, p.TaskId, string(p.Status), 0)
	r.tell(m, p.TaskId, results...)
	r.procedureReview(m, p)
}

// deleted reads FileDeleted, which can hold many files.
func (r *reader) deleted(p *event.FileDeleteTask) {
	parts := map[string][]*event.MediaDeleteItem{}
	for _, item := range p.FileDeleteResultInfo {
		if item != nil {
			parts[item.FileId] = append(parts[item.FileId], item.DeleteParts...)
		}
	}
	for i, id := range p.FileIdSet {
		if m := r.of(id); len(parts[id]) == 0 {
			m.Deleted = latest(m.Deleted, r.version(rankOwn, i))
		}
	}
	for _, item := range p.FileDeleteResultInfo {
		if item == nil {
			continue
		}
		m := r.of(item.FileId)
		for i, part := range item.DeleteParts {
			if part != nil {
				d := DeletedPart{event.DeletedPart(text(string(part.Type))), part.Definition, r.version(rankOwn, i)}
				m.DeletedParts = insert(m.DeletedParts, d, DeletedPart.place, DeletedPart.merge)
			}
		}
	}
}

// failure is an error as the tables show it: ErrCodeExt, else ErrCode, with
// Message.
func failure(ext string, code int64, message string) string {
	if ext == "" && code != 0 {
		ext = strconv.FormatInt(code, 10)
	}
	if ext != "" && message != "" {
		ext += ": "
	}
	return text(ext + message)
}

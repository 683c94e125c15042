package media

import "vodevents/shared/event"

// file is a media that a task made.
type file struct {
	id, url, name, container, expires string
	meta                              *event.MediaMetaData
}

// made reads the kinds whose task makes media. The task must have succeeded: its
// ErrCode is 0 and its ErrCodeExt is empty.
func (r *reader) made(payload any) {
	switch p := payload.(type) {
	case *event.EditMediaTask:
		if o := p.Output; o != nil && p.ErrCode == 0 && p.ErrCodeExt == "" {
			m := r.file(file{o.FileId, o.FileUrl, o.MediaName, o.FileType, o.ExpireTime, p.MetaData}, 0, p.SessionContext, editInputs(p.Input)...)
			r.announce(m, p.ProcedureTaskId, 0)
		}
	case *event.ComposeMediaTask:
		if o := p.Output; o != nil && p.ErrCode == 0 {
			r.file(file{o.FileId, o.FileUrl, o.MediaName, o.FileType, o.ExpireTime, p.MetaData}, 0, p.SessionContext)
		}
	case *event.RebuildMediaTask:
		if o := p.Output; o != nil && p.ErrCode == 0 && p.ErrCodeExt == "" {
			in := value(p.Input)
			r.file(file{o.FileId, o.FileUrl, o.MediaName, o.FileType, o.ExpireTime, p.MetaData}, 0, p.SessionContext, in.FileId)
		}
	case *event.QualityEnhanceTask:
		if o := p.Output; o != nil && p.ErrCode == 0 && p.ErrCodeExt == "" {
			in := value(p.Input)
			r.file(file{o.FileId, o.FileUrl, o.MediaName, o.FileType, o.ExpireTime, p.MetaData}, 0, p.SessionContext, in.FileId)
		}
	case *event.RemoveWatermarkTask:
		if o := p.Output; o != nil && p.ErrCode == 0 && p.ErrCodeExt == "" {
			in := value(p.Input)
			r.file(file{o.FileId, o.FileUrl, o.MediaName, o.FileType, "", o.MetaData}, 0, p.SessionContext, in.FileId)
		}
	case *event.SplitMediaTask:
		r.split(p)
	case *event.ClipTask2017:
		if f := p.FileInfo; f != nil && f.ErrCode == 0 {
			r.file(file{id: f.FileId, url: f.FileUrl, container: f.FileType}, 0, "", p.SrcFileId)
		}
	case *event.ConcatTask2017:
		for i, f := range p.FileInfoSet {
			if f != nil && f.ErrCode == 0 {
				r.file(file{id: f.FileId, url: f.FileUrl, container: f.FileType}, i, "")
			}
		}
	case *event.ProcessMediaByMPS:
		r.mps(p)
	default:
		r.generated(payload)
	}
}

// generated reads the kinds of AIGC. Only a file that is stored for good has a
// FileId.
func (r *reader) generated(payload any) {
	switch p := payload.(type) {
	case *event.AigcImageTask:
		if p.ErrCode == 0 && p.ErrCodeExt == "" && p.Output != nil {
			for i, o := range p.Output.FileInfos {
				f := value(o)
				r.file(file{f.FileId, f.FileUrl, f.MediaName, f.FileType, f.ExpireTime, f.MetaData}, i, p.SessionContext)
			}
		}
	case *event.AigcVideoTask:
		if p.ErrCode == 0 && p.ErrCodeExt == "" && p.Output != nil {
			for i, o := range p.Output.FileInfos {
				f := value(o)
				r.file(file{f.FileId, f.FileUrl, f.MediaName, f.FileType, f.ExpireTime, f.MetaData}, i, p.SessionContext)
			}
		}
	case *event.SceneAigcImageTask:
		if p.ErrCode == 0 && p.Output != nil {
			for i, o := range p.Output.FileInfos {
				f := value(o)
				r.file(file{f.FileId, f.FileUrl, f.MediaName, f.FileType, f.ExpireTime, f.MetaData}, i, p.SessionContext)
			}
		}
	}
}

func (r *reader) split(p *event.SplitMediaTask) {
	if p.ErrCode != 0 || p.ErrCodeExt != "" {
		return
	}
	for i, segment := range p.FileInfoSet {
		if segment == nil || segment.Output == nil {
			continue
		}
		in := value(segment.Input)
		m := r.file(file{id: segment.Output.FileId}, i, p.SessionContext, in.FileId)
		r.basic(m, segment.Output.MediaBasicInfo, i)
		r.announce(m, segment.ProcedureTaskId, i)
	}
}

// mps reads ProcessMediaByMPSComplete, whose sub-tasks have a string for ErrCode.
func (r *reader) mps(p *event.ProcessMediaByMPS) {
	if p.ErrCode != 0 {
		return
	}
	i := 0
	for _, task := range p.SubTaskSet {
		if task == nil || task.Output == nil || task.ErrCode != "" && task.ErrCode != "0" {
			continue
		}
		for _, o := range task.Output.OutputFiles {
			f := value(o)
			r.file(file{id: f.FileId, url: f.Url}, i, "")
			i++
		}
	}
}

// file reads the i-th media that the event's task made out of others.
func (r *reader) file(f file, i int, session string, from ...string) *Media {
	m := r.of(f.id)
	v := r.version(rankOwn, i)
	put(&m.MediaUrl, text(f.url), v)
	put(&m.Name, text(f.name), v)
	put(&m.Type, text(f.container), v)
	put(&m.ExpiresAt, moment(f.expires), v)
	put(&m.SessionContext, text(session), v)
	r.meta(m, f.meta, rankOwn, i)
	var ids []string
	for _, id := range from {
		if id != "" {
			ids = append(ids, text(id))
		}
	}
	if len(ids) > 0 {
		m.DerivedFrom = later(m.DerivedFrom, Register[[]string]{ids, v})
	}
	return m
}

func editInputs(in *event.EditMediaTaskInput) (ids []string) {
	for _, f := range value(in).FileInfoSet {
		ids = append(ids, value(f).FileId)
	}
	return ids
}

// value is what p points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

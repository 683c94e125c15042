// Package cos is the sink of cos://: an object for each event in a bucket of
// Tencent's COS, or of any other store that speaks S3.
//
//	cos://archive-1250000000/vod?region=ap-guangzhou
//	cos://SECRET_ID:SECRET_KEY@archive-1250000000/vod?region=ap-guangzhou
//	cos://KEY:SECRET@events/vod?region=us-east-1&endpoint=http://minio:9000
//
// The object of an event is <prefix>/yyyy/mm/dd/<id>.json, by the day (UTC) on
// which it was received, and holds one CloudEvents object. The same event again
// on the same day overwrites itself. As a dead letter it carries why it was
// parked; give SINK and DEAD_LETTER different prefixes if you want to tell them
// apart by their keys.
//
// # Parameters
//
//   - region: the bucket's region, such as ap-guangzhou. Required.
//   - endpoint: http:// or https:// and the host of another S3. Default: COS,
//     https://BUCKET.cos.REGION.myqcloud.com.
//   - style: host, with the bucket in front of the host's name, or path, with
//     the bucket in the path. Default: path with an endpoint, else host, for COS
//     refuses paths in buckets made since 2024 (436/102489). Global acceleration
//     is endpoint=https://cos.accelerate.myqcloud.com&style=host.
//
// # Keys
//
// Keys in the URL are static: an id and a key, percent-encoded where needed.
// Without them the sink takes the keys that the VOD client takes, anew for each
// batch, because SCF changes those of a role: VOD_SECRET_ID and VOD_SECRET_KEY
// (and VOD_TOKEN), else the role's with their token, else off SCF those of the
// SDK. This is the least that the role or user needs; vodctl, to read the
// objects back, also needs name/cos:GetBucket on the bucket and
// name/cos:GetObject:
//
//	{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:PutObject"],
//	  "resource":["qcs::cos:ap-guangzhou:uid/1250000000:archive-1250000000/vod/*"]}]}
//
// # What may go wrong
//
// Requests are signed by Signature Version 4, which COS takes beside its own.
// Each carries the MD5 and the SHA-256 of its body, so a store never keeps half
// an event. The store has an event when it answers 2xx with an ETag and no error
// in the body. A store that is slow, busy or gone is unavailable, and so is one
// that is not set up: wrong keys, a bucket that is missing, another region, an
// account in arrears. An object that the store will never take, as too large or
// under retention, is refused for good.
package cos

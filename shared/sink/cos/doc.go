// Package cos is the sink of cos://: an object for each event in a bucket of
// Tencent's COS, or of any other store that speaks S3.
//
//	cos://archive-1250000000/vod?region=ap-guangzhou
//	cos://SECRET_ID:SECRET_KEY@archive-1250000000/vod?region=ap-guangzhou
//	cos://KEY:SECRET@events/vod?region=us-east-1&endpoint=http://minio:9000
//
// An event's object is <prefix>/yyyy/mm/dd/<id>.json, by the day (UTC) of its receipt.
// It holds one CloudEvents object. If the same event comes again on the same day, it
// overwrites the object. A dead letter also says why it was parked. Give SINK and
// DEAD_LETTER different prefixes to tell them apart by their keys.
//
// # Parameters
//
//   - region: the bucket's region, such as ap-guangzhou. Required.
//   - endpoint: http:// or https:// and the host of another S3. Default: COS,
//     https://BUCKET.cos.REGION.myqcloud.com.
//   - style: host puts the bucket in front of the host's name, path puts it into the
//     path. Default: path with an endpoint, otherwise host, because COS refuses paths
//     for buckets made since 2024 (436/102489). For global acceleration write
//     endpoint=https://cos.accelerate.myqcloud.com&style=host.
//
// # Keys
//
// Keys in the URL are static: an id and a key, percent-encoded where needed. Without
// them the sink finds keys as package credentials does: VOD_SECRET_ID and
// VOD_SECRET_KEY (and VOD_TOKEN), or those of the role, or off SCF those of the SDK. It
// looks for each batch, because SCF changes the keys of a role.
//
// This is the least that the role or user needs. To read the objects back, vodctl also
// needs name/cos:GetBucket on the bucket and name/cos:GetObject:
//
//	{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:PutObject"],
//	  "resource":["qcs::cos:ap-guangzhou:uid/1250000000:archive-1250000000/vod/*"]}]}
//
// # What may go wrong
//
// Requests are signed by Signature Version 4, which COS takes besides its own
// signature. Each carries the MD5 and the SHA-256 of its body, so a store never keeps
// half an event. The store has an event if it answers 2xx with an ETag and no error in
// the body. A store that is slow, busy or gone is unavailable. So is one that is not set
// up: wrong keys, a missing bucket, another region, an account in arrears. An object
// that the store will never take, because it is too large or under retention, is refused
// for good.
package cos

#pragma once
/// Requests as botocore 1.44.5 signs them, frozen: AKIDEXAMPLE with `recorded_secret` at
/// `recorded_at`. For the tests of this folder.
///
/// Made with SigV4Auth, S3SigV4Auth, SigV4QueryAuth, S3SigV4QueryAuth and HmacV1QueryAuth, their
/// clock stopped. First line "METHOD TARGET", then the fields as given (blanks included).

#include <string_view>

namespace trainyard::wire {

inline constexpr std::string_view recorded_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
inline constexpr std::string_view recorded_at = "20261123T192652Z";

struct RecordedRequest {
  std::string_view name, head, body;
};

// clang-format off: one field a line, as sent
inline constexpr RecordedRequest recorded_requests[] = {
    {"json",
     "POST /\n"
     "Host:127.0.0.1:8430\n"
     "Content-Type:application/x-amz-json-1.1\n"
     "X-Amz-Target:SageMaker.DescribeTrainingJob\n"
     "X-Amz-Date:20261123T192652Z\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/sagemaker/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
     "Signature=cb7bebd51d2b02bf347a7e1234f9433ca5daff2046d061e8ff453e35978591fc",
     "{\"TrainingJobName\": \"digits-1\"}"},
    {"json, session token, a header with inner spaces",
     "POST /\n"
     "Host:127.0.0.1:8430\n"
     "Content-Type:application/x-amz-json-1.1\n"
     "X-Amz-Target:SageMaker.DescribeTrainingJob\n"
     "X-Amz-Note:  two   spaces\tand a tab \n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Security-Token:IQoJb3JpZ2luX2VjE//+token==\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/eu-west-3/logs/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date;x-amz-note;x-amz-security-token;x-amz-target,"
     " Signature=41a30bfaf403610c1959d8734874a4a1564c349a9c43e40fdbaabd94c326537d",
     "{}"},
    {"form",
     "POST /\n"
     "Host:localhost:8430\n"
     "Content-Type:application/x-www-form-urlencoded; charset=utf-8\n"
     "X-Amz-Date:20261123T192652Z\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/sts/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date, "
     "Signature=f9a2a21258e73e2179275c5b230f23c3706f2086c6c1e31828a05a08a248661e",
     "Action=GetCallerIdentity&Version=2011-06-15"},
    {"other services normalise and encode the path again",
     "PUT /a%20b//%C3%BC/./x/../d+e/\n"
     "Host:127.0.0.1:8430\n"
     "Content-Type:application/json\n"
     "X-Amz-Date:20261123T192652Z\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/sagemaker/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date, "
     "Signature=2364b11bcac7b40722aad92174d8222bad2f61363025427455b7d5cc99a2005c",
     "{}"},
    {"s3 put, key with space, unicode and plus",
     "PUT /bkt/a%20b/%C3%BC%2B.txt\n"
     "Host:127.0.0.1:8430\n"
     "x-amz-checksum-crc32:NhCmhg==\n"
     "x-amz-sdk-checksum-algorithm:CRC32\n"
     "x-amz-meta-note:  a   b  \n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-meta-note;"
     "x-amz-sdk-checksum-algorithm, Signature=fb77c6148b9ce376454f15048e06694222eebe9286f68db7"
     "df46abbd9d8f353f",
     "hello"},
    {"s3 get, double slashes stay",
     "GET /bkt//a//b/../c\n"
     "Host:127.0.0.1:8430\n"
     "x-amz-checksum-mode:ENABLED\n"
     "Range:bytes=0-9\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;range;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, "
     "Signature=7a699e698371deb91546078bec0e487073e45133177dfbfa2bde48f21ec80937",
     ""},
    {"s3 list, empty value, sorted query",
     "GET /bkt?list-type=2&prefix=a%20b%2F&delimiter=%2F&encoding-type=url&start-after=\n"
     "Host:127.0.0.1:8430\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=ca3393eee4eb8117a5a655d49d1499d0552ddd010711486d0f988b263658c434",
     ""},
    {"s3 duplicate query keys",
     "GET /bkt?tag=b&tag=&tag=a&a-b=1&a=2\n"
     "Host:127.0.0.1:8430\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=bf551e06b1f3810f36c75b7ad7244d695778778b007be313751955e9af3664d1",
     ""},
    {"s3 query name without value",
     "POST /bkt/key?uploads\n"
     "Host:127.0.0.1:8430\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Security-Token:session/token+=\n"
     "X-Amz-Content-SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
     "Signature=bf7733bebcb1a11b26562306f516a865c18398e1b93e35957002ceddb7e33ffc",
     ""},
    {"s3 unsigned payload",
     "PUT /bkt/k\n"
     "Host:127.0.0.1:8430\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:UNSIGNED-PAYLOAD\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=e419767b199e6e5562782cb3ca80ec631a40dacd64778819be849e9c3abb303c",
     "x"},
    {"s3 unsigned chunks with a trailer",
     "PUT /bkt/a%20b\n"
     "Host:127.0.0.1:8430\n"
     "Expect:100-continue\n"
     "Transfer-Encoding:chunked\n"
     "Content-Encoding:aws-chunked\n"
     "X-Amz-Trailer:x-amz-checksum-crc32\n"
     "X-Amz-Decoded-Content-Length:11\n"
     "x-amz-sdk-checksum-algorithm:CRC32\n"
     "X-Amz-Date:20261123T192652Z\n"
     "X-Amz-Content-SHA256:STREAMING-UNSIGNED-PAYLOAD-TRAILER\n"
     "Authorization:AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request, "
     "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-conten"
     "t-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, "
     "Signature=68080f139806a517cabb37bcfd3e0ba5ae8ce6591b09879c2691d1b49511ad3e",
     ""},
    {"presigned v4",
     "GET /bkt/a%20b/%C3%BC.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&"
     "X-Amz-Date=20261123T192652Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
     "X-Amz-Signature=0300ec9b0f36438ef63042b85ed128f0d2a245d0819e19c4bc97cdf1f5ac107b\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v4, session token, more parameters",
     "GET /bkt/k?response-content-disposition=attachment%3B%20filename%3D%22a%20b%22&"
     "versionId=&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&"
     "X-Amz-Date=20261123T192652Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
     "X-Amz-Security-Token=IQo%2F%2F%2Btok%3D%3D&"
     "X-Amz-Signature=2e35be18774811e583a9a39336164ee04f4f5d10a73f0d85376a7d1e3111860b\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v4 put with a signed header",
     "PUT /bkt/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&"
     "X-Amz-Date=20261123T192652Z&X-Amz-Expires=604800&"
     "X-Amz-SignedHeaders=host%3Bx-amz-meta-a&"
     "X-Amz-Signature=3a96d543570e936f1e946064f94d8e411dddc7a45d797f52eedddf9d32f3fb89\n"
     "Host:127.0.0.1:8430\n"
     "x-amz-meta-a:1",
     ""},
    {"presigned v4 of another service",
     "GET /?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Fus-east-1%2Fsts%2Faws4_request&"
     "X-Amz-Date=20261123T192652Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&"
     "X-Amz-Signature=21c684ce22e27177f0e2d2741d20dc934ae496bd9d0e7043d97c98ca63150b99\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v2",
     "GET /bkt/a%20b/%C3%BC%2B.txt?AWSAccessKeyId=AKIDEXAMPLE&"
     "Signature=zRbdTrlgx6VLG%2Folj9dNF6YfBH0%3D&Expires=1795465612\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v2, part of an upload",
     "PUT /bkt/k?uploadId=u%2F1&partNumber=2&x=unsigned&AWSAccessKeyId=AKIDEXAMPLE&"
     "Signature=VML2ZxsD4VKRwyrgIVxPG1Sab%2Bc%3D&Expires=1795465612\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v2, sub-resource without value",
     "POST /bkt/k?uploads&AWSAccessKeyId=AKIDEXAMPLE&Signature=CZuKBzGBhqH47CCO2T0mnH4ECrg%3D&"
     "Expires=1795465612\n"
     "Host:127.0.0.1:8430",
     ""},
    {"presigned v2 put, typed, with metadata and token",
     "PUT /bkt/k?AWSAccessKeyId=AKIDEXAMPLE&Signature=DIh%2BCkdKk%2BrstBBqZu3gtvL%2BiN4%3D&"
     "content-type=text%2Fplain&content-md5=XUFAKrxLKna5cZ2REBfFkg%3D%3D&x-amz-meta-b=2&"
     "x-amz-meta-a=one&x-amz-security-token=IQo%2F%2F%2Btok%3D%3D&Expires=1795465612\n"
     "Host:127.0.0.1:8430\n"
     "Content-Type:text/plain\n"
     "Content-MD5:XUFAKrxLKna5cZ2REBfFkg==\n"
     "x-amz-meta-b:2\n"
     "x-amz-meta-a:one\n"
     "x-amz-security-token:IQo//+tok==",
     ""},
    {"presigned v2, overridden answer",
     "GET /bkt/k?response-content-type=text%2Fplain%3B%20a&response-cache-control=no-store&"
     "AWSAccessKeyId=AKIDEXAMPLE&Signature=h5JhJz%2BO1GcLW5NdwDPE5VASyw8%3D&"
     "Expires=1795465612\n"
     "Host:127.0.0.1:8430",
     ""},
};
// clang-format on

}  // namespace trainyard::wire

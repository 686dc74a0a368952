"""How a program verifies that a webhook comes from the portal: shown beside its secret, and in docs/webhooks.md."""

VERIFYING = {
    "Python": """\
import base64, hashlib, hmac, time


def is_from_the_portal(secret, headers, body):
    number, at = headers["webhook-id"], headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.digest(key, f"{number}.{at}.".encode() + body, hashlib.sha256)).decode()
    given = [each.partition(",")[2] for each in headers["webhook-signature"].split()]
    return abs(time.time() - int(at)) < 300 and any(hmac.compare_digest(right, each) for each in given)
""",
    "Java": """\
static boolean isFromThePortal(String secret, String id, String at, String signatures, byte[] body) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
    mac.update((id + "." + at + ".").getBytes(StandardCharsets.UTF_8));
    byte[] right = mac.doFinal(body);
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(at)) > 300) return false;
    for (String each : signatures.split(" ")) {
        if (!each.startsWith("v1,")) continue;
        if (MessageDigest.isEqual(right, Base64.getDecoder().decode(each.substring(3)))) return true;
    }
    return false;
}
""",
    "PHP": """\
function is_from_the_portal(string $secret, array $headers, string $body): bool {
    [$id, $at] = [$headers['webhook-id'], $headers['webhook-timestamp']];
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $right = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    if (abs(time() - (int) $at) > 300) return false;
    foreach (explode(' ', $headers['webhook-signature']) as $each) {
        if (hash_equals($right, $each)) return true;
    }
    return false;
}
""",
    "Node": """\
const crypto = require("node:crypto");

function isFromThePortal(secret, headers, body) { // body: a Buffer, as it came
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures } = headers;
  const right = crypto.createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  return signatures.split(" ").some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ""), "base64");
    return given.length === right.length && crypto.timingSafeEqual(given, right);
  });
}
""",
}

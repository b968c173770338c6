#include "service/api/sts/get_caller_identity.hpp"

#include <fmt/format.h>

// POST /  Action=GetCallerIdentity&Version=2011-06-15
// <GetCallerIdentityResponse><GetCallerIdentityResult><Arn/><UserId/><Account/></...>

namespace trainyard::api {

// The answer is a session of a role under the user's name, not the user: the SDK turns it into the
// role that a job gets (get_execution_role()), and refuses an identity that is no role.
Result<std::string> get_caller_identity(Services&, store::Snapshot&, const Call& call) {
  return fmt::format(
      "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<GetCallerIdentityResult><Arn>{3}</Arn>"
      "<UserId>AROATRAINYARD:{1}</UserId><Account>{0}</Account></GetCallerIdentityResult>"
      "<ResponseMetadata><RequestId>{2}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
      call.caller.account, call.caller.user, call.request_id, call.caller.arn());
}

}  // namespace trainyard::api

#pragma once
/// What of a request is kept from others than its owner and admins: what looks like a secret, by
/// its name or by itself. Pure. docs/SEMANTICS.md, J62, tells the rule.

#include "wire/shapes/create_training_job.hpp"

#include <string>
#include <string_view>

namespace trainyard::api {

/// What stands in a secret's place.
inline constexpr const char* mask = "******";

/// A name of which a word (between '_', '-', '.', spaces and changes to upper case) ends in
/// password, passwd, passphrase, pwd, secret, token, credential (or these with an s, but for
/// tokens), auth, or whose last word ends in key or keys. "eos_token" is one too; "max_tokens",
/// "tokenizer" and "num_key_value_heads" are not.
bool is_secret_name(std::string_view name);

/// A text that holds an AWS access key's id, what may be its secret (40 letters of base64, of all
/// kinds), a URL with a password, a private key in PEM, a token with the front of a well-known
/// service, or JSON with a member of a secret name.
bool is_secret_value(std::string_view value);

/// Replaces what is secret of HyperParameters, Environment and ContainerArguments by the mask, and
/// in `texts`, which may tell of it, too.
void mask_secrets(wire::CreateTrainingJobRequest& request,
                  std::initializer_list<std::string*> texts);

}  // namespace trainyard::api

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry: what the registered enhanced status codes mean (RFC 3463, 3886, 4468, 4865, 4954, 5248,
 * 6710, 7293, 7372, 7505, 8616), in few words of our own. The class does not matter: X.1.1 is the
 * same trouble for good or for now.
 */
#include "waybill/reason.h"

struct meaning {
    uint16_t subject, detail;
    const char *text;
};

static const struct meaning meanings[] = {
    {0, 0, "no details are given"},
    {1, 0, "some trouble with an address"},
    {1, 1, "there is no such mailbox"},
    {1, 2, "there is no such mail system"},
    {1, 3, "the recipient's address is not well formed"},
    {1, 4, "the recipient's address means several"},
    {1, 5, "the recipient's address is good"},
    {1, 6, "the recipient has moved and left no address"},
    {1, 7, "the sender's address is not well formed"},
    {1, 8, "there is no such mail system of the sender"},
    {1, 9, "passed on to a system that sends no reports"},
    {1, 10, "the recipient's domain takes no mail (null MX)"},
    {2, 0, "some trouble with the mailbox"},
    {2, 1, "the mailbox is switched off"},
    {2, 2, "the mailbox is full"},
    {2, 3, "the mail is larger than that mailbox takes"},
    {2, 4, "a mailing list could not be expanded"},
    {3, 0, "some trouble with the recipient's mail system"},
    {3, 1, "the mail system is full"},
    {3, 2, "the mail system takes no mail now"},
    {3, 3, "the mail system cannot do what the mail needs"},
    {3, 4, "the mail is larger than the mail system takes"},
    {3, 5, "the mail system is set up wrongly"},
    {3, 6, "the priority was changed"},
    {4, 0, "some trouble with network or routing"},
    {4, 1, "the host does not answer"},
    {4, 2, "the connection broke"},
    {4, 3, "a directory, such as DNS, failed"},
    {4, 4, "no route to the recipient"},
    {4, 5, "the mail system is too busy"},
    {4, 6, "the mail went round in a loop"},
    {4, 7, "the time for delivery is over"},
    {5, 0, "some trouble with the protocol"},
    {5, 1, "a command that is not valid"},
    {5, 2, "a command that could not be read"},
    {5, 3, "too many recipients"},
    {5, 4, "a command with arguments that are not valid"},
    {5, 5, "the wrong version of the protocol"},
    {5, 6, "an exchange of the login was too long"},
    {6, 0, "some trouble with the content"},
    {6, 1, "content of this kind is not supported"},
    {6, 2, "a conversion is needed and forbidden"},
    {6, 3, "a conversion is needed and not supported"},
    {6, 4, "a conversion lost something"},
    {6, 5, "a conversion failed"},
    {6, 6, "the content of the mail is not available"},
    {6, 7, "addresses that are not ASCII are not supported"},
    {6, 8, "a reply in UTF-8 is needed and not allowed"},
    {6, 9, "a header in UTF-8 cannot be passed on"},
    {6, 10, "a header in UTF-8 needs a conversion"},
    {7, 0, "some trouble with security or policy"},
    {7, 1, "delivery is not authorised"},
    {7, 2, "the sender may not use that mailing list"},
    {7, 3, "a conversion for security is needed and not possible"},
    {7, 4, "a security feature is not supported"},
    {7, 5, "a cryptographic failure"},
    {7, 6, "a cryptographic algorithm is not supported"},
    {7, 7, "the integrity of the mail is lost"},
    {7, 8, "name or password is wrong"},
    {7, 9, "the way of the login is too weak"},
    {7, 10, "encryption is needed"},
    {7, 11, "encryption is needed for that way of the login"},
    {7, 12, "the password has to be changed"},
    {7, 13, "the user's account is switched off"},
    {7, 14, "a trust relation is needed"},
    {7, 15, "the priority is too low"},
    {7, 16, "the mail is too large for its priority"},
    {7, 17, "the mailbox has another owner now"},
    {7, 18, "the domain has another owner now"},
    {7, 19, "the check of the owner cannot be completed"},
    {7, 20, "no DKIM signature that passes"},
    {7, 21, "no DKIM signature that is acceptable"},
    {7, 22, "no valid DKIM signature of the author's domain"},
    {7, 23, "SPF does not pass"},
    {7, 24, "SPF could not be checked"},
    {7, 25, "the reverse DNS of the client does not pass"},
    {7, 26, "several checks of the sender did not pass"},
    {7, 27, "the sender's domain takes no mail (null MX)"},
    {7, 28, "part of a flood of mails"},
    {7, 29, "ARC does not pass"},
    {7, 30, "REQUIRETLS is needed and not supported"},
};

const char *status_meaning(struct slice status)
{
    struct slice class;
    uint64_t subject, detail;

    if (!status_fits(status) || !text_take_until(&status, '.', &class) ||
        !text_take_number(&status, &subject) || !text_take_char(&status, '.') ||
        !text_take_number(&status, &detail))
        return NULL;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].subject == subject && meanings[i].detail == detail)
            return meanings[i].text;
    return NULL;
}

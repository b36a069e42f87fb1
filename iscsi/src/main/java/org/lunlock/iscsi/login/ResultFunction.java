// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.util.Arrays;
import java.util.List;

/**
 * How a key's result comes from what the two sides say. RFC 7143 §6.2.1 (List Negotiations), RFC
 * 7143 §6.2.2 (Simple-Value Negotiations).
 */
enum ResultFunction {
    MINIMUM {
        @Override
        String combine(String offer, String own) {
            return number(offer) <= number(own) ? offer : own;
        }
    },
    MAXIMUM {
        @Override
        String combine(String offer, String own) {
            return number(offer) >= number(own) ? offer : own;
        }
    },
    OR {
        @Override
        String combine(String offer, String own) {
            return offer.equals(YES) ? YES : own;
        }
    },
    AND {
        @Override
        String combine(String offer, String own) {
            return offer.equals(NO) ? NO : own;
        }
    },
    /** The first value of the offer that the other side has too; Reject when there is none. */
    LIST {
        @Override
        String combine(String offer, String own) {
            List<String> supported = elements(own);
            return elements(offer).stream().filter(supported::contains).findFirst().orElse(REJECT);
        }
    },
    /** Each side tells its own value; there is no result. */
    DECLARATIVE {
        @Override
        String combine(String offer, String own) {
            throw new IllegalStateException("a declaration has no result");
        }
    };

    static final String YES = "Yes";
    static final String NO = "No";
    static final String NONE = "None";
    static final String REJECT = "Reject";
    static final String IRRELEVANT = "Irrelevant";
    static final String NOT_UNDERSTOOD = "NotUnderstood";

    /**
     * The result when one side offers and the other answers for itself. Both values are canonical,
     * see {@link Key#canonical}. A legal answer to an offer is one that combining leaves as it is.
     */
    abstract String combine(String offer, String own);

    /** Whether the offer settles the result alone, so that no answer is needed. */
    boolean isDecidedBy(String offer) {
        return this == OR && offer.equals(YES) || this == AND && offer.equals(NO);
    }

    static List<String> elements(String list) {
        return Arrays.asList(list.split(",", -1));
    }

    /** Whether a value declines to negotiate the key. RFC 7143 §6.2 (Text Mode Negotiation). */
    static boolean isRefusal(String value) {
        return value.equals(REJECT) || value.equals(IRRELEVANT) || value.equals(NOT_UNDERSTOOD);
    }

    private static int number(String canonical) {
        return Integer.parseInt(canonical);
    }
}

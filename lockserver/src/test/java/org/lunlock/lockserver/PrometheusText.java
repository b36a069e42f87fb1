// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;

/** Reads Prometheus' text format 0.0.4 as strictly as Prometheus does. */
@NullMarked
final class PrometheusText {
    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\"";
    private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") .*");
    private static final Pattern TYPE =
            Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram|summary|untyped)");
    private static final Pattern SAMPLE =
            Pattern.compile(
                    "(%s)(\\{%s(?:,%s)*,?})? ([-+]?[0-9.eE+-]+|NaN|[-+]?Inf)"
                            .formatted(NAME, LABEL, LABEL));

    private final Map<String, Double> samples = new LinkedHashMap<>();

    /** Fails where Prometheus would. */
    static PrometheusText read(String text) {
        assertThat(text).endsWith("\n");
        PrometheusText read = new PrometheusText();
        Map<String, String> types = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            Matcher type = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (type.matches()) {
                assertThat(types.put(type.group(1), type.group(2))).as(line).isNull();
            } else if (sample.matches()) {
                assertThat(types).as(line).containsKey(family(sample.group(1), types));
                String labels = sample.group(2) == null ? "" : sample.group(2);
                String series = sample.group(1) + labels;
                double value = Double.parseDouble(sample.group(3).replace("Inf", "Infinity"));
                assertThat(read.samples.put(series, value)).as(line).isNull();
            } else {
                assertThat(line).matches(it -> it.isEmpty() || HELP.matcher(it).matches());
            }
        }
        types.forEach(read::checkHistogram);
        return read;
    }

    private static String family(String name, Map<String, String> types) {
        String base = name.replaceFirst("_(bucket|sum|count)$", "");
        return "histogram".equals(types.get(base)) ? base : name;
    }

    /** Its buckets count up to all of them. */
    private void checkHistogram(String name, String type) {
        if (type.equals("histogram")) {
            double last = 0;
            for (Map.Entry<String, Double> one : samples.entrySet()) {
                if (one.getKey().startsWith(name + "_bucket{")) {
                    assertThat(one.getValue()).as(one.getKey()).isGreaterThanOrEqualTo(last);
                    last = one.getValue();
                }
            }
            assertThat(samples.get(name + "_bucket{le=\"+Inf\"}")).isEqualTo(last);
            assertThat(samples.get(name + "_count")).isEqualTo(last);
            assertThat(samples).containsKey(name + "_sum");
        }
    }

    double of(String series) {
        Double value = samples.get(series);
        assertThat(value).as(series + " of " + samples.keySet()).isNotNull();
        return value == null ? 0 : value;
    }
}

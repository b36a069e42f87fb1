// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Sums up the XML reports of Surefire and Failsafe in the directories that are named: what failed,
 * what was skipped and why, and one line of numbers. Exits 1 when a test failed, when none ran, and,
 * with CI=true, when one was skipped.
 */
final class TestReport {
    private static final int MESSAGE_LENGTH_MAX = 300;

    private int passed;
    private final List<String> failed = new ArrayList<>();
    private final Map<String, List<String>> skippedByReason = new TreeMap<>();

    public static void main(String[] directories) throws IOException, XMLStreamException {
        TestReport report = new TestReport();
        for (String directory : directories) {
            if (Files.isDirectory(Path.of(directory))) {
                report.addAll(Path.of(directory));
            }
        }
        System.exit(report.print(Boolean.parseBoolean(System.getenv("CI"))) ? 0 : 1);
    }

    private void addAll(Path directory) throws IOException, XMLStreamException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "TEST-*.xml")) {
            for (Path file : files) {
                add(file);
            }
        }
    }

    private void add(Path file) throws IOException, XMLStreamException {
        try (InputStream in = Files.newInputStream(file)) {
            XMLStreamReader xml = XMLInputFactory.newFactory().createXMLStreamReader(in);
            String test = "";
            boolean through = true;
            while (xml.hasNext()) {
                int event = xml.next();
                String element = xml.hasName() ? xml.getLocalName() : "";
                if (event == XMLStreamConstants.END_ELEMENT && element.equals("testcase")) {
                    passed += through ? 1 : 0;
                }
                if (event != XMLStreamConstants.START_ELEMENT) {
                    continue;
                }
                switch (element) {
                    case "testcase" -> {
                        test = name(xml);
                        through = true;
                    }
                    case "failure", "error" -> {
                        failed.add(test + ": " + reason(xml));
                        through = false;
                    }
                    case "skipped" -> {
                        skippedByReason
                                .computeIfAbsent(reason(xml), _ -> new ArrayList<>())
                                .add(test);
                        through = false;
                    }
                    default -> {}
                }
            }
        }
    }

    private static String name(XMLStreamReader xml) {
        String className = xml.getAttributeValue(null, "classname");
        return className.substring(className.lastIndexOf('.') + 1)
                + "."
                + xml.getAttributeValue(null, "name");
    }

    /** The message in one line: an attribute, or what stands before the stack trace. */
    private static String reason(XMLStreamReader xml) throws XMLStreamException {
        String message = xml.getAttributeValue(null, "message");
        String type = xml.getAttributeValue(null, "type");
        if (message == null) {
            message = xml.getElementText().split("\n\\s*at ", 2)[0];
        }
        String line =
                message.strip()
                        .replaceAll("\\s+", " ")
                        .replaceFirst("^[a-z0-9.]+\\.TestAbortedException: ", "")
                        .replaceFirst("^Assumption failed: ", "");
        if (line.isEmpty()) {
            return type == null ? "no reason given" : type;
        }
        return line.substring(0, Math.min(line.length(), MESSAGE_LENGTH_MAX));
    }

    private boolean print(boolean skippedIsFailed) {
        failed.forEach(it -> System.out.println("FAILED   " + it));
        int skipped = 0;
        for (Map.Entry<String, List<String>> reason : skippedByReason.entrySet()) {
            skipped += reason.getValue().size();
            System.out.println("skipped  " + reason.getKey());
            reason.getValue().forEach(it -> System.out.println("         " + it));
        }
        if (skippedIsFailed && skipped > 0) {
            System.out.println("With CI=true nothing may be skipped.");
        }
        System.out.printf("%d passed, %d failed, %d skipped%n", passed, failed.size(), skipped);
        return failed.isEmpty() && passed > 0 && !(skippedIsFailed && skipped > 0);
    }
}

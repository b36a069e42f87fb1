// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * A dictionary of a property list, as the tools of macOS print them with {@code -plist}: XML, of
 * which only what is asked for is looked at. What is not there, or of another type, counts as
 * absent.
 *
 * <p>Read by the JDK's parser: the tools print nothing but the XML form, and that parser can be
 * told to leave the document type alone that each of them names. No entity is defined or fetched.
 */
final class PropertyList {
    /** Some thousand entries are a machine with hundreds of images; the tools nest five deep. */
    private static final int VALUES_MAX = 50_000;

    private static final int DEPTH_MAX = 16;

    private static final XMLInputFactory FACTORY = factory();

    private final Map<String, Object> entries;

    private PropertyList(Map<String, Object> entries) {
        this.entries = entries;
    }

    /** It is none, or larger or deeper than any that a tool prints. */
    static final class Malformed extends Exception {
        Malformed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private static XMLInputFactory factory() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_NAMESPACE_AWARE, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, true);
        return factory;
    }

    /**
     * Parses what a tool printed; text before the list is passed over, as tools put warnings there.
     *
     * @throws Malformed when it is not a property list with a dictionary
     */
    static PropertyList parse(String printed) throws Malformed {
        int start = printed.indexOf("<?xml");
        if (start < 0) {
            start = printed.indexOf("<plist");
        }
        if (start < 0) {
            throw new Malformed("it is no property list", null);
        }
        try {
            XMLStreamReader xml =
                    FACTORY.createXMLStreamReader(new StringReader(printed.substring(start)));
            if (new Reader(xml).document() instanceof PropertyList list) {
                return list;
            }
            throw new Malformed("the property list has no dictionary", null);
        } catch (XMLStreamException e) {
            throw new Malformed(String.valueOf(e.getMessage()).replaceAll("\\s+", " "), e);
        }
    }

    /** A string; null when there is none. */
    @Nullable String text(String key) {
        return entries.get(key) instanceof String text ? text : null;
    }

    /** Whether this is there and true. */
    boolean isTrue(String key) {
        return Boolean.TRUE.equals(entries.get(key));
    }

    /** Whether there is anything of this name. */
    boolean has(String key) {
        return entries.containsKey(key);
    }

    /** The dictionaries in an array. */
    List<PropertyList> dictionaries(String key) {
        List<PropertyList> found = new ArrayList<>();
        if (entries.get(key) instanceof List<?> list) {
            for (Object element : list) {
                if (element instanceof PropertyList dictionary) {
                    found.add(dictionary);
                }
            }
        }
        return found;
    }

    /** Goes through the elements once. */
    private static final class Reader {
        private final XMLStreamReader xml;
        private int values;

        Reader(XMLStreamReader xml) {
            this.xml = xml;
        }

        Object document() throws XMLStreamException, Malformed {
            if (!nextElement() || !xml.getLocalName().equals("plist") || !nextElement()) {
                throw new Malformed("it is no property list", null);
            }
            Object value = value(0);
            if (nextElement()) {
                throw new Malformed("more than one value", null);
            }
            return value;
        }

        /** Goes to the next start of an element; false when the one around it ends first. */
        private boolean nextElement() throws XMLStreamException {
            while (xml.hasNext()) {
                int event = xml.next();
                if (event == XMLStreamReader.START_ELEMENT) {
                    return true;
                }
                if (event == XMLStreamReader.END_ELEMENT) {
                    return false;
                }
            }
            return false;
        }

        /** The value whose element has begun; its end is passed. */
        private Object value(int depth) throws XMLStreamException, Malformed {
            if (depth > DEPTH_MAX || ++values > VALUES_MAX) {
                throw new Malformed("it is deeper or larger than any that a tool prints", null);
            }
            String type = xml.getLocalName();
            return switch (type) {
                case "dict" -> dictionary(depth);
                case "array" -> {
                    List<Object> elements = new ArrayList<>();
                    while (nextElement()) {
                        elements.add(value(depth + 1));
                    }
                    yield elements;
                }
                case "true", "false" -> {
                    String _ = xml.getElementText();
                    yield type.equals("true");
                }
                case "string" -> xml.getElementText();
                case "integer", "real", "date", "data" -> new Other(xml.getElementText());
                default -> throw new Malformed("<" + type + "> is no type of value", null);
            };
        }

        private PropertyList dictionary(int depth) throws XMLStreamException, Malformed {
            Map<String, Object> entries = new LinkedHashMap<>();
            while (nextElement()) {
                if (!xml.getLocalName().equals("key")) {
                    throw new Malformed("a value without its key", null);
                }
                String key = xml.getElementText();
                if (!nextElement()) {
                    throw new Malformed("key '" + key + "' without its value", null);
                }
                if (entries.put(key, value(depth + 1)) != null) {
                    throw new Malformed("key '" + key + "' twice", null);
                }
            }
            return new PropertyList(entries);
        }
    }

    /** A value of a type that nobody here asks for. */
    private record Other(String text) {}
}

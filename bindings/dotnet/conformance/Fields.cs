using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace TigerGraphAuth.Conformance
{
    /// <summary>A command or an answer: a word and fields, divided by tabs.</summary>
    internal sealed class Fields
    {
        private readonly List<(string Name, string Value)> _fields = new List<(string, string)>();

        public Fields(string word) => Word = word;

        public string Word { get; }

        public static Fields Parse(string line)
        {
            string[] parts = line.Split('\t');
            var fields = new Fields(parts[0]);
            foreach (string part in parts.Skip(1))
            {
                int equals = part.IndexOf('=');
                fields._fields.Add((part.Substring(0, equals), Unescape(part.Substring(equals + 1))));
            }
            return fields;
        }

        public string? Text(string name) => All(name).FirstOrDefault();

        public IEnumerable<string> All(string name) =>
            _fields.Where(field => field.Name == name).Select(field => field.Value);

        public int Int(string name) => int.Parse(Text(name) ?? "0", CultureInfo.InvariantCulture);

        public bool Flag(string name) => Text(name) == "1";

        public TimeSpan? Seconds(string name) => Time(name, TimeSpan.TicksPerSecond);

        public TimeSpan? Milliseconds(string name) => Time(name, TimeSpan.TicksPerMillisecond);

        public Fields Add(string name, object? value)
        {
            _fields.Add((name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty));
            return this;
        }

        public override string ToString() =>
            string.Join("\t", _fields.Select(field => $"{field.Name}={Escape(field.Value)}").Prepend(Word));

        private static string Unescape(string text)
        {
            var bytes = new List<byte>();
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == '%')
                {
                    string digits = text.Substring(i + 1, 2);
                    bytes.Add(byte.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 2;
                }
                else
                {
                    bytes.Add((byte)text[i]);
                }
            }
            return Encoding.UTF8.GetString(bytes.ToArray());
        }

        private static string Escape(string text)
        {
            var escaped = new StringBuilder();
            foreach (byte octet in Encoding.UTF8.GetBytes(text))
            {
                bool plain = octet >= 0x20 && octet < 0x7f && octet != (byte)'%';
                escaped.Append(plain ? ((char)octet).ToString() : $"%{octet:X2}");
            }
            return escaped.ToString();
        }

        private TimeSpan? Time(string name, long ticks)
        {
            string? text = Text(name);
            return text == null
                ? (TimeSpan?)null
                : TimeSpan.FromTicks(checked(long.Parse(text, CultureInfo.InvariantCulture) * ticks));
        }
    }
}

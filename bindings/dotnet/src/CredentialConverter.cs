#if NETCOREAPP
using System;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TigerGraphAuth
{
    /// <summary>
    /// Reads a credential from JSON and never writes one: null is written in its place. The properties here that hold
    /// credentials have it; for properties of your own, <c>[JsonConverter(typeof(CredentialConverter))]</c>.
    /// </summary>
    public sealed class CredentialConverter : JsonConverter<string>
    {
        /// <inheritdoc/>
        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString();

        /// <summary>Writes null.</summary>
        /// <param name="writer">Where to.</param>
        /// <param name="value">Is not looked at.</param>
        /// <param name="options">Are not looked at.</param>
        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
        {
            if (writer == null)
            {
                throw new ArgumentNullException(nameof(writer));
            }
            writer.WriteNullValue();
        }
    }
}
#endif

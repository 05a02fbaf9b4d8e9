using System;
#if NETCOREAPP
using System.Text.Json.Serialization;
#endif

namespace TigerGraphAuth
{
    /// <summary>
    /// On a text that no serializer writes. It goes with IgnoreDataMember, which all others look at: that of data
    /// contracts, and Newtonsoft.Json.
    /// </summary>
    [AttributeUsage(AttributeTargets.Property)]
#if NETCOREAPP
    internal sealed class CredentialAttribute : JsonConverterAttribute
    {
        public CredentialAttribute()
            : base(typeof(CredentialConverter))
        {
        }
    }
#else
    internal sealed class CredentialAttribute : Attribute
    {
    }
#endif
}

#if !NETCOREAPP
namespace System.Text.Json.Serialization
{
    /// <summary>Does nothing where the framework has no serializer that knows it.</summary>
    [AttributeUsage(AttributeTargets.Property)]
    internal sealed class JsonIgnoreAttribute : Attribute
    {
    }
}
#endif

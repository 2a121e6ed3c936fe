"""What Saleor is asked, and what it is to tell by itself. Saleor 3.22 and later."""

LINES = "lines { id quantity unitPrice { gross { amount currency } } variant { id sku name product { id name slug } } }"

CHECKOUT = f"""
  id created updatedAt email languageCode chargeStatus authorizeStatus voucherCode
  user {{ id email }}
  channel {{ slug currencyCode }}
  totalPrice {{ gross {{ amount currency }} }}
  {LINES}
"""

ORDER = """
  id number created status checkoutId userEmail
  user { id email }
  total { gross { amount currency } }
"""

# Why a line cannot be bought as it stands.
PROBLEMS = """
  lines {
    id
    problems {
      __typename
      ... on CheckoutLineProblemInsufficientStock { availableQuantity }
    }
  }
"""

ORDERS = f"""
query Orders($where: OrderWhereInput!, $first: Int!, $direction: OrderDirection!) {{
  orders(first: $first, where: $where, sortBy: {{ field: CREATED_AT, direction: $direction }}) {{
    edges {{ node {{ {ORDER} voucherCode lines {{ productName variantName quantity }} }} }}
  }}
}}
"""

PRODUCTS = """
query Products($search: String!, $channel: String, $first: Int!) {
  products(first: $first, search: $search, channel: $channel) {
    edges { node {
      id name slug isAvailable
      thumbnail(size: 256) { url }
      pricing { priceRange { start { gross { amount currency } } } }
    } }
  }
}
"""

# What the shop enters as the subscription of its webhook.
SUBSCRIPTION = f"""
subscription {{
  event {{
    __typename
    ... on CheckoutCreated {{ checkout {{ {CHECKOUT} }} }}
    ... on CheckoutUpdated {{ checkout {{ {CHECKOUT} }} }}
    ... on CheckoutMetadataUpdated {{ checkout {{ {CHECKOUT} }} }}
    ... on CheckoutFullyPaid {{ checkout {{ {CHECKOUT} }} }}
    ... on OrderCreated {{ order {{ {ORDER} }} }}
    ... on OrderConfirmed {{ order {{ {ORDER} }} }}
    ... on OrderPaid {{ order {{ {ORDER} }} }}
    ... on OrderFullyPaid {{ order {{ {ORDER} }} }}
  }}
}}
"""


def checkouts(count: int) -> str:
    """Asks for ``count`` checkouts at once, named ``c0``, ``c1`` and so on, with variables ``i0``, ``i1`` and so on."""
    variables = ", ".join(f"$i{n}: ID!" for n in range(count))
    asked = "\n".join(f"  c{n}: checkout(id: $i{n}) {{ ...basket }}" for n in range(count))
    return f"query Checkouts({variables}) {{\n{asked}\n}}\nfragment basket on Checkout {{ {CHECKOUT} {PROBLEMS} }}\n"

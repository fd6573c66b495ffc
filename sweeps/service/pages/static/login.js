// A link's code stands after the # of the address, which browsers send to nobody: take it out and send it as the form.
const form = document.getElementById("sign-in");

const useLink = () => {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.code.value = code;
  form.submit();
};

useLink();
addEventListener("hashchange", useLink); // a link that is opened where the form is shown already
